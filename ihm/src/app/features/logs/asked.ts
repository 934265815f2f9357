import { Message } from '@core/api/api';
import { Schema, Value } from '@ui/parameters';
import { Consent, CONSENTS } from './words';

export type Target = Message<'ResolvedDevice'>;
export type Asked = Message<'NewLogRequest'>;

/** What is typed in the wizard, besides devices and parameters. */
export interface Limits {
  /** What a PC sends, and all of them, in millions of bytes; `NaN` while it is no number. */
  readonly eachMb: number;
  readonly allMb: number;
  readonly expiresDays: number;
  readonly keepDays: number;
}

export interface Words {
  readonly reason: string;
  readonly ticket: string;
  /** E-mail addresses as they are typed. */
  readonly notify: string;
  readonly forward: boolean;
}

export const USUAL: Limits = { eachMb: 50, allMb: 5_000, expiresDays: 7, keepDays: 30 };
export const NO_WORDS: Words = { reason: '', ticket: '', notify: '', forward: false };
export const MOST_DEVICES = 2_000;
const [LEAST_MB, MOST_MB, MOST_ALL_MB] = [0.01, 4_294, 10_000_000];
const [LONGEST_DAYS, LONGEST_KEEP] = [90, 365];
const [LONGEST_REASON, LONGEST_TICKET] = [500, 64];
const ADDRESS = /^[^@\s,;<>"]{1,64}@[^@\s,;<>"]{1,190}$/;

export type Field = 'eachMb' | 'allMb' | 'expiresDays' | 'keepDays' | 'reason' | 'ticket' | 'notify';
/** What is wrong, by field, as a sentence that says what to write. */
export type Faults = Partial<Record<Field, string>>;

/** What is wrong with the limits; nothing when the API would take them. */
export function limitFaults({ eachMb, allMb, expiresDays, keepDays }: Limits): Faults {
  const isWhole = (days: number, most: number) => Number.isInteger(days) && days >= 1 && days <= most;
  return {
    ...(eachMb >= LEAST_MB && eachMb <= MOST_MB ? {} : { eachMb: $localize`:@@logs.faultEach:De 0,01 à ${MOST_MB}:most: Mo par poste.` }),
    ...(allMb <= MOST_ALL_MB && allMb >= (eachMb || 0) ? {} : { allMb: $localize`:@@logs.faultAll:Au moins le volume d’un poste, au plus 10 To.` }),
    ...(isWhole(expiresDays, LONGEST_DAYS) ? {} : { expiresDays: $localize`:@@logs.faultExpires:De 1 à ${LONGEST_DAYS}:most: jours entiers.` }),
    ...(isWhole(keepDays, LONGEST_KEEP) ? {} : { keepDays: $localize`:@@logs.faultKeep:De 1 à ${LONGEST_KEEP}:most: jours entiers.` }),
  };
}

/** What is wrong with the words; reason and ticket are mandatory. */
export function wordFaults({ reason, ticket, notify }: Words): Faults {
  const isSaid = (text: string, longest: number) => !!text.trim() && text.length <= longest;
  return {
    ...(isSaid(ticket, LONGEST_TICKET) ? {} : { ticket: $localize`:@@logs.faultTicket:Indiquez le numéro du ticket.` }),
    ...(isSaid(reason, LONGEST_REASON) ? {} : { reason: $localize`:@@logs.faultReason:Indiquez le motif de la demande.` }),
    ...(addresses(notify).every((one) => ADDRESS.test(one)) && addresses(notify).length <= 10 ? {} : { notify: $localize`:@@logs.faultNotify:Dix adresses e-mail au plus, séparées par des virgules.` }),
  };
}

export function addresses(typed: string): string[] {
  return [...new Set(typed.split(/[\s,;]+/).filter(Boolean))];
}

/** The parameters that bound time, when a pipeline has them: they are asked as dates. */
export const RANGE = ['since', 'until'] as const;

export function withoutRange(schema: Schema): Schema {
  return Object.fromEntries(Object.entries(schema).filter(([name]) => !isRange(name)));
}

export function hasRange(schema: Schema): boolean {
  return RANGE.every((name) => schema[name]?.type === 'string');
}

function isRange(name: string): boolean {
  return RANGE.some((one) => one === name);
}

/** Parameters as they are sent: what nobody filled is left to the pipeline. */
export function filled(values: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== '' && !Number.isNaN(value)));
}

/** What is asked of the API. */
export function askedOf(targets: readonly Target[], pipeline: string, values: Readonly<Record<string, Value>>, limits: Limits, words: Words): Asked {
  return {
    devices: targets.map((one) => one.id), pipeline, parameters: filled(values), reason: words.reason.trim(), ticket: words.ticket.trim(),
    budget_bytes: Math.round(limits.eachMb * 1e6), total_budget_bytes: Math.round(limits.allMb * 1e6), expires_in_s: limits.expiresDays * 86_400,
    keep_days: limits.keepDays, notify: addresses(words.notify), forward: words.forward, again_of: '',
  };
}

export interface ConsentGroup {
  readonly consent: Consent;
  readonly devices: number;
  /** Names of practices, as people call them. */
  readonly practices: readonly string[];
}

/** Practices by what their users are asked, from the ones that ask most. */
export function byConsent(targets: readonly Target[]): ConsentGroup[] {
  return CONSENTS.map((consent) => {
    const some = targets.filter((one) => one.consent === consent);
    return { consent, devices: some.length, practices: [...new Set(some.map((one) => one.practice_name || one.practice_id))].sort((one, other) => one.localeCompare(other)) };
  }).filter((group) => group.devices);
}

/** The first ones, then how many more. */
export function listed(names: readonly string[], most = 6): string {
  const shown = names.slice(0, most).join(', ');
  return names.length > most ? $localize`:@@logs.andMore:${shown}:names: et ${names.length - most}:n: autres` : shown;
}

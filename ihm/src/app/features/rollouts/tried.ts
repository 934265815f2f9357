import { Message } from '@core/api/api';
import { Tone } from '@ui/tone';
import { Asked } from './request';

type Run = Message<'Run'>;
type Device = Pick<Message<'CampaignDevice'>, 'id' | 'hostname'> & Partial<Message<'CampaignDevice'>>;

/** Most devices of one trial: somebody reads what each would do. */
export const MOST_TRIED = 20;
export const AT_RANDOM = 5;
/** A condition that is longer goes into no address. */
const LONGEST_CONDITION = 4_000;

/** What a trial says of devices on which the same would happen. */
export interface Told {
  readonly key: string;
  readonly devices: readonly Device[];
  readonly run: Run;
}

/** Devices by what would happen there, however long they took to say it: those on which it would fail first, then the largest group. */
export function grouped(runs: readonly Run[], devices: readonly Device[]): Told[] {
  const groups = new Map<string, { devices: Device[]; run: Run }>();
  for (const run of runs) {
    const key = JSON.stringify([run.state, run.code, run.detail, run.steps.map(({ id, state, code, detail, effects }) => [id, state, code, detail, effects])]);
    const held = groups.get(key) ?? { devices: [], run };
    held.devices.push(devices.find((one) => one.id === run.device_id) ?? { id: run.device_id, hostname: run.device_id.slice(0, 8) });
    groups.set(key, held);
  }
  const rank = ({ run }: Told) => (outcomeOf(run.state).tone === 'bad' ? 0 : 1);
  return [...groups].map(([key, group]) => ({ key, ...group })).sort((one, other) => rank(one) - rank(other) || other.devices.length - one.devices.length);
}

/** How the trial on a device ended, in words. */
export function outcomeOf(state: string): { readonly word: string; readonly tone: Tone } {
  return OUTCOMES[state] ?? { word: state, tone: 'idle' };
}

const OUTCOMES: Readonly<Record<string, { readonly word: string; readonly tone: Tone }>> = {
  done: { word: $localize`:@@rollouts.tryDone:Voici ce qui serait fait`, tone: 'ok' },
  skipped: { word: $localize`:@@rollouts.trySkipped:Rien n’y serait fait`, tone: 'idle' },
  failed: { word: $localize`:@@rollouts.tryFailed:L’exécution échouerait`, tone: 'bad' },
  timed_out: { word: $localize`:@@rollouts.tryTimedOut:L’exécution dépasserait son délai`, tone: 'bad' },
  unknown: { word: $localize`:@@rollouts.tryUnknown:L’essai s’est interrompu`, tone: 'bad' },
  expired: { word: $localize`:@@rollouts.tryExpired:N’a pas répondu à temps`, tone: 'warn' },
  cancelled: { word: $localize`:@@rollouts.tryCancelled:Annulé`, tone: 'idle' },
};

/** So many of them, each as likely as any other; all of them where there are fewer. */
export function sample<T>(all: readonly T[], number: number, random: () => number = Math.random): T[] {
  const left = [...all];
  return Array.from({ length: Math.min(number, left.length) }, () => left.splice(Math.floor(random() * left.length), 1)).flat();
}

/** The filter of devices that a condition reaches; `undefined` where it says too much for an address. */
export function reachedBy(condition: Asked['condition']): string | undefined {
  const text = JSON.stringify(condition);
  return text.length > LONGEST_CONDITION ? undefined : text;
}

/** What a trial depends on: with anything else, it is another one. */
export const triedOf = ({ pipeline, parameters }: Pick<Asked, 'pipeline' | 'parameters'>) => JSON.stringify([pipeline, parameters]);

import { Message } from '@core/api/api';
import { clock, day, duration, share } from '@core/format';
import { Segment } from '@ui/segments';
import { Tone } from '@ui/tone';
import { reasonOf, Told } from './reasons';

export type Campaign = Message<'CampaignView'>;
export type Ring = Message<'RingView'>;
type Words = Record<string, { readonly word: string; readonly tone: Tone }>;

const CAMPAIGN: Words = {
  running: { word: $localize`:@@rollouts.running:En cours`, tone: 'info' },
  paused: { word: $localize`:@@rollouts.paused:En pause`, tone: 'warn' },
  halted: { word: $localize`:@@rollouts.halted:Interrompu`, tone: 'bad' },
  finished: { word: $localize`:@@rollouts.finished:Terminé`, tone: 'ok' },
  aborted: { word: $localize`:@@rollouts.aborted:Arrêté`, tone: 'idle' },
};
const DRAFT: Words = {
  awaiting: { word: $localize`:@@rollouts.awaiting:En attente de signatures`, tone: 'warn' },
  ready: { word: $localize`:@@rollouts.ready:Prêt à démarrer`, tone: 'ok' },
  started: { word: $localize`:@@rollouts.started:Démarré`, tone: 'info' },
  withdrawn: { word: $localize`:@@rollouts.withdrawn:Retiré`, tone: 'idle' },
  over: { word: $localize`:@@rollouts.over:Périmé`, tone: 'idle' },
};
const FREEZE: Words = {
  ahead: { word: $localize`:@@rollouts.freezeIsAhead:À venir`, tone: 'info' },
  now: { word: $localize`:@@rollouts.freezeIsNow:En vigueur`, tone: 'warn' },
  over: { word: $localize`:@@rollouts.freezeIsOver:Passé`, tone: 'idle' },
  removed: { word: $localize`:@@rollouts.freezeIsRemoved:Retiré`, tone: 'idle' },
};
const DEVICE: Words = {
  done: { word: $localize`:@@rollouts.done:Réussi`, tone: 'ok' },
  skipped: { word: $localize`:@@rollouts.skipped:Sans objet`, tone: 'ok' },
  delivered: { word: $localize`:@@rollouts.delivered:En cours`, tone: 'info' },
  failed: { word: $localize`:@@rollouts.failed:Échec`, tone: 'bad' },
  timed_out: { word: $localize`:@@rollouts.timedOut:Délai dépassé`, tone: 'bad' },
  unknown: { word: $localize`:@@rollouts.unknown:Résultat inconnu`, tone: 'bad' },
  expired: { word: $localize`:@@rollouts.expired:Expiré`, tone: 'warn' },
  pending: { word: $localize`:@@rollouts.pending:En file`, tone: 'idle' },
  waiting: { word: $localize`:@@rollouts.waiting:En attente`, tone: 'idle' },
  cancelled: { word: $localize`:@@rollouts.cancelled:Annulé`, tone: 'idle' },
};
/** States of devices, in the order in which people look for them. */
export const DEVICE_STATES = Object.keys(DEVICE);
const BAD = ['failed', 'timed_out', 'unknown'];
export const BAD_STATES = BAD.join(',');

const said = (words: Words, state: string) => words[state] ?? { word: state, tone: 'idle' as Tone };
export const campaignState = (state: string) => said(CAMPAIGN, state);
export const draftState = (state: string) => said(DRAFT, state);
export const freezeState = (state: string) => said(FREEZE, state);
export const deviceState = (state: string) => said(DEVICE, state);

type States = Readonly<Record<string, number>>;
const sum = (states: States, names: readonly string[]) => names.reduce((total, name) => total + (states[name] ?? 0), 0);
/** Runs that ended badly. */
export const bad = (states: States) => sum(states, BAD);
/** Runs that ended. */
export const ended = (states: States) => sum(states, ['done', 'skipped', ...BAD]);
export const total = (states: States) => sum(states, Object.keys(states));

/** Devices by what became of them: parts that add up. */
export function segments(states: States): Segment[] {
  const one = (names: readonly string[], label: string, tone: Tone): Segment => ({ label, tone, value: sum(states, names) });
  return [
    one(['done'], $localize`:@@rollouts.segDone:Réussis`, 'ok'),
    one(['skipped'], $localize`:@@rollouts.segSkipped:Sans objet`, 'ok'),
    one(['delivered'], $localize`:@@rollouts.segDelivered:En cours`, 'info'),
    one(BAD, $localize`:@@rollouts.segBad:Échecs`, 'bad'),
    one(['expired'], $localize`:@@rollouts.segExpired:Expirés`, 'warn'),
    one(['pending', 'waiting'], $localize`:@@rollouts.segWaiting:En attente`, 'idle'),
    one(['cancelled'], $localize`:@@rollouts.segCancelled:Annulés`, 'idle'),
  ];
}

/** Share of the runs that ended well, 0 to 1; `null` before the first. */
export function success(states: States): number | null {
  const all = ended(states);
  return all ? 1 - bad(states) / all : null;
}

/** `1 %` of basis points. */
export const partOf = (basisPoints: number) => share(basisPoints / 10_000);

interface Detail {
  readonly ring?: number;
  readonly of?: number;
  readonly reason?: string;
  readonly approver?: string;
  readonly code?: string;
  readonly params?: Told['reason_params'];
}

const ACTIONS: Record<string, string> = {
  'campaign.submit': $localize`:@@rollouts.didSubmit:a déposé le document`,
  'campaign.sign': $localize`:@@rollouts.didSign:a apporté une signature`,
  'campaign.withdraw': $localize`:@@rollouts.didWithdraw:a retiré le document`,
  'campaign.start': $localize`:@@rollouts.didStart:a démarré le déploiement`,
  'campaign.pause': $localize`:@@rollouts.didPause:a mis en pause`,
  'campaign.resume': $localize`:@@rollouts.didResume:a repris le déploiement`,
  'campaign.stop': $localize`:@@rollouts.didStop:a arrêté le déploiement`,
  'campaign.promote': $localize`:@@rollouts.didPromote:a ouvert le palier à la main`,
  'campaign.ring': $localize`:@@rollouts.didRing:a ouvert le palier`,
  'campaign.halt': $localize`:@@rollouts.didHalt:s’est interrompu`,
};

/** What a line of the audit tells; by itself, Canopée is its actor. */
export function actionOf(row: Message<'AuditEntry'>): string {
  const { ring, of, reason, approver, code, params } = row.detail as Detail;
  const base = ACTIONS[row.action] ?? row.action;
  const place = ring && of ? ` ${ring} / ${of}` : '';
  const more = approver ?? (row.action === 'campaign.halt' ? reasonOf({ reason: reason ?? '', reason_code: code ?? '', reason_params: params ?? {} }) : reason);
  return `${base}${place}${more ? ` (${more})` : ''}`;
}

/** When the next ring may open at the soonest, in milliseconds since 1970; `null` when there is none, or nothing is known. */
export function nextRingAt(campaign: Campaign): number | null {
  const next = campaign.rings.find((ring) => !ring.is_open);
  if (!next || campaign.state !== 'running') {
    return null;
  }
  const opened = campaign.ring_opened_at && campaign.rollout ? Date.parse(campaign.ring_opened_at) + campaign.rollout.advance_after_s * 1000 : 0;
  return Math.max(Date.parse(next.not_before), opened);
}

/** `26 nov. 2026, 05:30`: to the minute. */
export const moment = (value: string) => `${day(value)}, ${clock(value)}`;

/** « dans 2 h », or nothing once it is past. */
export const inTime = (at: number | null, now: number) => (at !== null && at > now ? duration((at - now) / 1000) : '');

import { Message } from '@core/api/api';
import { Segment } from '@ui/segments';
import { Tone } from '@ui/tone';

export type LogRequest = Message<'LogRequestView'>;
export type LogDevice = Message<'LogDevice'>;
export type LogArchive = LogDevice['archives'][number];
export type LogState = LogDevice['state'];
export type Consent = LogDevice['consent'];
interface Said {
  readonly word: string;
  readonly tone: Tone;
}

const REQUEST: Record<LogRequest['state'], Said> = {
  running: { word: $localize`:@@logs.running:En cours`, tone: 'info' },
  complete: { word: $localize`:@@logs.complete:Terminée`, tone: 'ok' },
  purged: { word: $localize`:@@logs.purged:Purgée`, tone: 'idle' },
};
const DEVICE: Record<LogState, Said> = {
  ready: { word: $localize`:@@logs.ready:Reçu`, tone: 'ok' },
  sending: { word: $localize`:@@logs.sending:Envoi en cours`, tone: 'info' },
  running: { word: $localize`:@@logs.collecting:Collecte en cours`, tone: 'info' },
  waiting: { word: $localize`:@@logs.waiting:En attente du poste`, tone: 'idle' },
  failed: { word: $localize`:@@logs.failed:Échec`, tone: 'bad' },
  over_budget: { word: $localize`:@@logs.overBudget:Trop volumineux`, tone: 'warn' },
  refused: { word: $localize`:@@logs.refused:Refusé`, tone: 'warn' },
  expired: { word: $localize`:@@logs.expired:Expiré`, tone: 'warn' },
  cancelled: { word: $localize`:@@logs.deviceCancelled:Annulé`, tone: 'idle' },
  nothing_found: { word: $localize`:@@logs.nothingFound:Aucun journal`, tone: 'idle' },
  purged: { word: $localize`:@@logs.devicePurged:Purgé`, tone: 'idle' },
};
/** States of devices, in the order in which people look for them. */
export const LOG_STATES = Object.keys(DEVICE) as LogState[];
/** Of which something may still come. */
export const OPEN: readonly LogState[] = ['waiting', 'running', 'sending'];

type OnPc = Message<'LogReceipt'>['on_pc'];
/** What a PC says of an archive that was purged. */
const ON_PC: Record<OnPc, string> = {
  purged: $localize`:@@logs.pcPurged:effacée`,
  sent: $localize`:@@logs.pcSent:effacée après l’envoi`,
  refused: $localize`:@@logs.pcRefused:effacée sans envoi`,
  expired: $localize`:@@logs.pcExpired:effacée, trop ancienne`,
  lost: $localize`:@@logs.pcLost:déjà absente`,
  not_heard: $localize`:@@logs.pcNotHeard:pas encore de nouvelles`,
};
export const onPcOf = (said: OnPc) => ON_PC[said];

export const requestState = (state: LogRequest['state']) => REQUEST[state];
export const deviceState = (state: LogState) => DEVICE[state];

type States = Readonly<Record<string, number>>;
export const sum = (states: States, names: readonly LogState[]) => names.reduce((total, name) => total + (states[name] ?? 0), 0);

/** Devices by where they stand: parts that add up. */
export function segments(states: States): Segment[] {
  const one = (names: readonly LogState[], label: string, tone: Tone): Segment => ({ label, tone, value: sum(states, names) });
  return [
    one(['ready'], $localize`:@@logs.segReady:Reçus`, 'ok'),
    one(['sending', 'running'], $localize`:@@logs.segComing:En cours`, 'info'),
    one(['failed'], $localize`:@@logs.segFailed:Échecs`, 'bad'),
    one(['over_budget', 'refused', 'expired'], $localize`:@@logs.segMissing:Refusés, expirés ou trop volumineux`, 'warn'),
    one(['waiting'], $localize`:@@logs.segWaiting:En attente du poste`, 'idle'),
    one(['nothing_found'], $localize`:@@logs.segNothing:Sans journal`, 'idle'),
    one(['cancelled'], $localize`:@@logs.segCancelled:Annulés`, 'idle'),
    one(['purged'], $localize`:@@logs.segPurged:Purgés`, 'idle'),
  ];
}

/** What the user of a PC sees of a request, in plain words. */
export const CONSENT: Record<Consent, { readonly word: string; readonly sentence: string; readonly tone: Tone }> = {
  none: { word: $localize`:@@logs.consentNone:Sans avis`, sentence: $localize`:@@logs.consentNoneSaid:Rien ne s’affiche sur le poste : le cabinet l’a accepté d’avance.`, tone: 'idle' },
  inform: { word: $localize`:@@logs.consentInform:Informé`, sentence: $localize`:@@logs.consentInformSaid:Un message dit à l’utilisateur ce qui part, et pourquoi ; l’envoi n’attend pas sa réponse.`, tone: 'info' },
  ask: { word: $localize`:@@logs.consentAsk:Accord demandé`, sentence: $localize`:@@logs.consentAskSaid:Rien ne part avant que l’utilisateur ait accepté ; il peut refuser.`, tone: 'warn' },
};
/** From the one that asks most. */
export const CONSENTS: readonly Consent[] = ['ask', 'inform', 'none'];

const FORWARD: Readonly<Record<string, string>> = {
  waiting: $localize`:@@logs.forwardWaiting:en attente`,
  done: $localize`:@@logs.forwardDone:envoyées`,
  failing: $localize`:@@logs.forwardFailing:en échec, retentées`,
  lost: $localize`:@@logs.forwardLost:jamais arrivées`,
};
/** Where archives stand at the SFTP server. */
export const forwardWord = (state: string) => FORWARD[state] ?? state;

/** Who did it: by itself, Canopée. */
export const actorOf = (login: string) => (login === 'canopee' ? $localize`:@@logs.byItself:Canopée` : login);

/** What is hidden in archives before they leave, by kind. */
const HIDDEN: Readonly<Record<string, string>> = {
  social_security_number: $localize`:@@logs.hidNir:numéros de sécurité sociale`,
  person_name: $localize`:@@logs.hidName:noms de personnes`,
  birth_date: $localize`:@@logs.hidBirth:dates de naissance`,
  phone_number: $localize`:@@logs.hidPhone:numéros de téléphone`,
  email_address: $localize`:@@logs.hidMail:adresses e-mail`,
  user_folder: $localize`:@@logs.hidUser:noms d’utilisateurs Windows`,
  medical_segment: $localize`:@@logs.hidSegment:segments médicaux`,
  local_pattern: $localize`:@@logs.hidLocal:motifs du poste`,
};
export const hiddenKind = (kind: string) => HIDDEN[kind] ?? kind;

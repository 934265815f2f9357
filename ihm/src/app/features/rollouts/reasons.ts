import { bytes, clock, count, duration, instant, share } from '@core/format';
import { weekday } from './weekly';

type Value = string | number | boolean | null;
type Params = Readonly<Record<string, Value>>;

/** Why a campaign halted, or what it waits for, as the API tells it. */
export interface Told {
  readonly reason: string;
  readonly reason_code: string;
  readonly reason_params: Params;
}

const n = (value: Value | undefined) => count(Number(value));
const size = (value: Value | undefined) => bytes(Number(value));
const pct = (value: Value | undefined) => share(Number(value) / 100);
const time = (value: Value | undefined) => duration(Number(value));
const part = (params: Params) => share(Number(params['n']) / Number(params['of']));
const text = (value: Value | undefined) => String(value ?? '');

const SAY: Readonly<Record<string, (params: Params) => string>> = {
  failed: (of) => $localize`:@@rollouts.whyFailed:${n(of['n'])}:n: exécutions sur ${n(of['of'])}:of: ont échoué (${part(of)}:pct:) : plus de ${pct(of['most_pct'])}:most:`,
  silent: (of) => $localize`:@@rollouts.whySilent:${n(of['n'])}:n: postes sur ${n(of['of'])}:of: n’ont pas répondu en ${time(of['within_s'])}:time: : plus de ${pct(of['most_pct'])}:most:`,
  signal_share: (of) => $localize`:@@rollouts.whySignal:signal « ${text(of['signal'])}:signal: » : ${n(of['n'])}:n: postes passés sur ${n(of['of'])}:of: (${part(of)}:pct:), plus de ${pct(of['most_pct'])}:most:`,
  signal_records: (of) => $localize`:@@rollouts.whyRecords:signal « ${text(of['signal'])}:signal: » : ${n(of['n'])}:n: enregistrements de ${n(of['devices'])}:devices: postes, plus de ${n(of['most'])}:most:`,
  signal_unjudged: (of) => $localize`:@@rollouts.whyUnjudged:le signal « ${text(of['signal'])}:signal: » ne peut pas être évalué : ${text(of['obstacle'])}:obstacle:`,
  unapproved: () => $localize`:@@rollouts.whyUnapproved:ses approbations ne comptent plus : faites signer un nouveau document`,
  ring_time: (of) => $localize`:@@rollouts.whyTime:palier ouvert depuis ${time(of['open_s'])}:open:, encore ${time(of['left_s'])}:left: avant le suivant`,
  ring_orders: (of) => $localize`:@@rollouts.whyOrders:${n(of['n'])}:n: postes du palier n’ont pas encore leur ordre`,
  answers: (of) => $localize`:@@rollouts.whyAnswers:${n(of['n'])}:n: postes sur ${n(of['of'])}:of: ont répondu, il en faut ${pct(of['least_pct'])}:least:`,
  window: (of) => $localize`:@@rollouts.whyWindow:plage fermée : elle s’ouvre ${weekday(text(of['opens']))}:day: à ${clock(text(of['opens']))}:time: (heure de ${text(of['zone'])}:zone:)`,
  pace: (of) => $localize`:@@rollouts.whyPace:suit sa cadence : ${n(of['made'])}:made: ordres sur ${n(of['per_min'])}:most: cette minute`,
  pace_bytes: (of) => $localize`:@@rollouts.whyPaceBytes:suit sa cadence : ${size(of['used'])}:used: sur ${size(of['per_hour'])}:most: en une heure, ${size(of['per_device'])}:each: par poste`,
  frozen: (of) => $localize`:@@rollouts.whyFrozen:gel jusqu’au ${instant(text(of['until']))}:until: : ${text(of['why'])}:why:`,
  occurrence: (of) => $localize`:@@rollouts.whyOccurrence:prochaine fois ${weekday(text(of['comes']))}:day: à ${clock(text(of['comes']))}:time: (heure de ${text(of['zone'])}:zone:)`,
  prerequisite: (of) => $localize`:@@rollouts.whyPrerequisite:${n(of['n'])}:n: postes attendent d’avoir passé ${text(of['pipelines'])}:what:`,
  stopped: (of) => $localize`:@@rollouts.whyStopped:tout est arrêté depuis le ${instant(text(of['since']))}:since: par ${text(of['by'])}:by: : ${text(of['why'])}:why:`,
};

/** In the language of the screen; in the server's words where the code is newer than this page. */
export function reasonOf({ reason, reason_code, reason_params }: Told): string {
  return SAY[reason_code]?.(reason_params) ?? reason;
}

import { Message } from '@core/api/api';
import { isTime } from './weekly';

export interface FreezeForm {
  readonly fromDay: string;
  readonly toDay: string;
  readonly isWhole: boolean;
  readonly fromTime: string;
  readonly toTime: string;
  readonly reason: string;
  readonly collects: boolean;
}

export type Field = 'fromDay' | 'toDay' | 'fromTime' | 'toTime' | 'reason';
export type Judged = { readonly asked: Message<'NewFreeze'> } | { readonly field: Field; readonly fault: string };

export const BLANK: FreezeForm = { fromDay: '', toDay: '', isWhole: true, fromTime: '18:00', toTime: '08:00', reason: '', collects: false };
const [SHORTEST_MS, LONGEST_MS] = [15 * 60_000, 400 * 86_400_000];
const isDay = (text: string) => /^2\d{3}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text));

/** What the form asks of the API, or the first field that is not right and why; the API judges the same. */
export function judged(form: FreezeForm): Judged {
  const days: readonly Field[] = ['fromDay', 'toDay'];
  const day = days.find((name) => !isDay(String(form[name])));
  if (day) {
    return { field: day, fault: $localize`:@@rollouts.freezeNoDay:Indiquez le jour.` };
  }
  const times: readonly Field[] = form.isWhole ? [] : ['fromTime', 'toTime'];
  const time = times.find((name) => !isTime(String(form[name])));
  if (time) {
    return { field: time, fault: $localize`:@@rollouts.freezeNoTime:Indiquez l’heure, de 00:00 à 23:59.` };
  }
  const from = form.isWhole ? form.fromDay : `${form.fromDay}T${form.fromTime}`;
  const to = form.isWhole ? form.toDay : `${form.toDay}T${form.toTime}`;
  const lasts = Date.parse(form.isWhole ? `${to}T00:00Z` : `${to}Z`) + (form.isWhole ? 86_400_000 : 0) - Date.parse(form.isWhole ? `${from}T00:00Z` : `${from}Z`);
  if (lasts <= 0) {
    return { field: form.isWhole || form.toDay < form.fromDay ? 'toDay' : 'toTime', fault: $localize`:@@rollouts.freezeBackwards:Il finirait avant de commencer.` };
  }
  if (lasts < SHORTEST_MS || lasts > LONGEST_MS) {
    return { field: form.isWhole ? 'toDay' : 'toTime', fault: $localize`:@@rollouts.freezeLength:Un gel dure de 15 minutes à 400 jours.` };
  }
  return form.reason.trim() ? { asked: { from, to, reason: form.reason.trim(), collects: form.collects } } : { field: 'reason', fault: $localize`:@@rollouts.freezeNoReason:Indiquez le motif : chacun le lira.` };
}

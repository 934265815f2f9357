import { count, duration } from '@core/format';
import { lang } from '@core/lang';
import { after, shortestGap, Times, timesOf, Wall } from './cron';
import { Asked } from './request';
import { Day, DAYS, daysOf, isTime } from './weekly';

export type Recurrence = NonNullable<Asked['recurrence']>;
export type Rhythm = 'once' | 'daily' | 'workdays' | 'weekly' | 'monthly' | 'cron';

/** How often, as the form holds it; each rhythm keeps what the others had. */
export interface Repeated {
  readonly rhythm: Rhythm;
  readonly time: string;
  readonly days: readonly Day[];
  readonly monthDay: number;
  readonly cron: string;
  /** Minutes over which PCs are spread; `undefined`: none. */
  readonly spread: number | undefined;
}
export type Part = 'time' | 'days' | 'monthDay' | 'cron' | 'spread';

export const ONCE: Repeated = { rhythm: 'once', time: '06:00', days: ['mon'], monthDay: 1, cron: '0 6 * * 1-5', spread: 30 };

const locale = lang === 'fr' ? 'fr-FR' : 'en-GB';
const both = new Intl.ListFormat(locale, { type: 'conjunction' });
const months = new Intl.DateTimeFormat(locale, { month: 'long', timeZone: 'UTC' });
const occurrences = new Intl.DateTimeFormat(locale, { weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', timeZone: 'UTC' });
const ALL = { hours: 24, days: 31, months: 12, weekdays: 7 };
/** Hours that are named one by one; more are counted. */
const NAMED = 6;

/** As the API takes it, sound or not; `null`: once. */
export function recurrenceOf(held: Repeated): Recurrence | null {
  const [hour, minute] = held.time.split(':').map(Number);
  const at = `${minute ?? ''} ${hour ?? ''}`;
  const every = {
    once: '',
    daily: `${at} * * *`,
    workdays: `${at} * * 1-5`,
    weekly: `${at} * * ${held.days.map((day) => DAYS.indexOf(day) + 1).join(',')}`,
    monthly: `${at} ${held.monthDay} * *`,
    cron: held.cron.trim().replace(/\s+/g, ' '),
  }[held.rhythm];
  return every ? { every, jitter_s: Math.round((held.spread ?? 0) * 60) } : null;
}

/** What is wrong, and with which part of the form; `undefined` when nothing is. The API says the same. */
export function repeatedFault(held: Repeated): { at: Part; said: string } | undefined {
  const { rhythm } = held;
  if (rhythm === 'once') {
    return undefined;
  }
  if (rhythm !== 'cron' && !isTime(held.time)) {
    return { at: 'time', said: $localize`:@@rollouts.everyNoTime:Indiquez l’heure, comme 06:00.` };
  }
  if (rhythm === 'weekly' && !held.days.length) {
    return { at: 'days', said: $localize`:@@rollouts.windowNoDay:Choisissez au moins un jour.` };
  }
  if (rhythm === 'monthly' && !(Number.isInteger(held.monthDay) && held.monthDay >= 1 && held.monthDay <= ALL.days)) {
    return { at: 'monthDay', said: $localize`:@@rollouts.everyNoMonthDay:Le jour du mois va de 1 à 31.` };
  }
  const times = timesOf(recurrenceOf(held)?.every ?? '');
  if (typeof times === 'string') {
    return { at: 'cron', said: times };
  }
  const most = shortestGap(times) / 60;
  return held.spread === undefined || (Number.isInteger(held.spread) && held.spread >= 0 && held.spread <= most)
    ? undefined
    : { at: 'spread', said: $localize`:@@rollouts.everySpreadFault:L’étalement va de 0 à ${count(most)}:most: minutes : le temps le plus court entre deux occurrences.` };
}

/** « lundi à vendredi, à 06:00, étalé sur 30 min »; as it is written where it cannot be read. */
export function recurrenceSaid({ every, jitter_s: spread }: Recurrence): string {
  const times = timesOf(every);
  const when = typeof times === 'string' ? every : whenSaid(times);
  return spread ? $localize`:@@rollouts.everySpread:${when}:when:, étalé sur ${duration(spread)}:time:` : when;
}

/** The next times, the first `most` of them, and how many there are until the end. */
export function nextTimes({ every }: Recurrence, wall: Wall, until: Wall, most: number): { first: readonly Wall[]; total: number } {
  const times = timesOf(every);
  const all = typeof times === 'string' ? [] : [...after(times, wall, until)];
  return { first: all.slice(0, most), total: all.length };
}

/** What is wrong with it in a campaign of so many days; empty when nothing is. */
export function recurrenceFault(held: Repeated, wall: Wall, lastsDays: number): string {
  const found = repeatedFault(held)?.said ?? '';
  const sound = found ? null : recurrenceOf(held);
  return sound && lastsDays >= 1 && !nextTimes(sound, wall, wall + lastsDays * 86_400_000, 1).total
    ? $localize`:@@rollouts.everyTooLate:Elle ne vient pas une seule fois avant la fin : allongez la durée de vie.`
    : found;
}

/** « ven. 27 nov., 06:00 ». */
export const occurrenceSaid = (wall: Wall | string) => occurrences.format(typeof wall === 'string' ? Date.parse(`${wall}Z`) : wall);

function whenSaid(times: Times): string {
  const day = times.days.length < ALL.days
    ? $localize`:@@rollouts.everyMonthDay:${both.format(times.days.map(ordinal))}:days: de chaque mois`
    : times.weekdays.length === 1 && times.weekdays[0] !== undefined
      ? $localize`:@@rollouts.everyWeekday:chaque ${daysOf(times.weekdays.map(weekday))}:day:`
      : daysOf(times.weekdays.map(weekday));
  const on = times.months.length < ALL.months
    ? $localize`:@@rollouts.everyMonths:${day}:days:, en ${both.format(times.months.map((one) => months.format(Date.UTC(2024, one - 1, 1))))}:months:`
    : day;
  return `${on}, ${hoursSaid(times)}`;
}

function hoursSaid({ hours, minute }: Times): string {
  const [first, last] = [hours[0] ?? 0, hours.at(-1) ?? 0];
  if (hours.length === ALL.hours) {
    return $localize`:@@rollouts.everyHour:toutes les heures, à la minute ${minute}:minute:`;
  }
  return hours.length <= NAMED
    ? $localize`:@@rollouts.everyAt:à ${both.format(hours.map((hour) => clockOf(hour, minute)))}:times:`
    : $localize`:@@rollouts.everyManyHours:${count(hours.length)}:n: fois par jour, de ${clockOf(first, minute)}:from: à ${clockOf(last, minute)}:to:`;
}

const weekday = (place: number): Day => DAYS[place] ?? 'mon';
const clockOf = (hour: number, minute: number) => `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`;
const ordinal = (day: number) => $localize`:@@rollouts.everyOrdinal:le ${lang === 'fr' && day === 1 ? '1er' : day}:day:`;

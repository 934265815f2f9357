import { lang } from '@core/lang';
import { Asked } from './request';

export type Window = Asked['windows'][number];
export type Day = Window['days'][number];

export const DAYS: readonly Day[] = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
export const MOST_WINDOWS = 20;
const WEEK: readonly Day[] = DAYS.slice(0, 5);
const locale = lang === 'fr' ? 'fr-FR' : 'en-GB';
const [long, short] = (['long', 'short'] as const).map((weekday) => new Intl.DateTimeFormat(locale, { weekday, timeZone: 'UTC' }));
const MONDAY = Date.UTC(2024, 0, 1);
const at = (day: Day) => new Date(MONDAY + DAYS.indexOf(day) * 86_400_000);

/** « lundi ». */
export const dayName = (day: Day) => long?.format(at(day)) ?? day;
/** « lun. ». */
export const shortDay = (day: Day) => short?.format(at(day)) ?? day;
/** « vendredi » of a time on a wall: `2026-11-27T20:00`. */
export const weekday = (wall: string) => long?.format(new Date(`${wall.slice(0, 10)}T12:00Z`)) ?? wall;

/** What people choose most. */
export const PRESETS: readonly { readonly id: string; readonly label: string; readonly windows: readonly Window[] }[] = [
  { id: 'nights', label: $localize`:@@rollouts.presetNights:Nuits de semaine (20 h – 6 h)`, windows: [{ days: [...WEEK], from: '20:00', to: '06:00' }] },
  { id: 'weekend', label: $localize`:@@rollouts.presetWeekend:Week-end entier`, windows: [{ days: ['sat', 'sun'], from: '00:00', to: '00:00' }] },
  { id: 'lunch', label: $localize`:@@rollouts.presetLunch:Pause de midi (12 h – 14 h)`, windows: [{ days: [...WEEK], from: '12:00', to: '14:00' }] },
];

/** A day after the other is said « lundi à vendredi ». */
export function daysOf(days: readonly Day[]): string {
  const places = DAYS.map((day, place) => (days.includes(day) ? place : -1)).filter((place) => place >= 0);
  const [first, last] = [places[0] ?? 0, places[places.length - 1] ?? 0];
  if (places.length === 7) {
    return $localize`:@@rollouts.everyDay:tous les jours`;
  }
  const name = (place: number) => dayName(DAYS[place] ?? 'mon');
  if (places.length > 2 && last - first + 1 === places.length) {
    return $localize`:@@rollouts.fromDayTo:${name(first)}:first: à ${name(last)}:last:`;
  }
  return new Intl.ListFormat(locale, { type: 'conjunction' }).format(places.map(name));
}

/** « lundi à vendredi, de 20:00 à 06:00 le lendemain ». */
export function windowSaid({ days, from, to }: Window): string {
  const on = daysOf(days);
  if (from === to) {
    return from === '00:00'
      ? $localize`:@@rollouts.windowWhole:${on}:on:, toute la journée`
      : $localize`:@@rollouts.windowRound:${on}:on:, de ${from}:from: à la même heure le lendemain`;
  }
  return to < from
    ? $localize`:@@rollouts.windowNight:${on}:on:, de ${from}:from: à ${to}:to: le lendemain`
    : $localize`:@@rollouts.windowDay:${on}:on:, de ${from}:from: à ${to}:to:`;
}

/** What a window lacks, as a sentence; empty when nothing does. The API says the same. */
export function windowFault({ days, from, to }: Window): string {
  if (!days.length) {
    return $localize`:@@rollouts.windowNoDay:Choisissez au moins un jour.`;
  }
  return isTime(from) && isTime(to) ? '' : $localize`:@@rollouts.windowNoTime:Indiquez l’heure d’ouverture et celle de fermeture.`;
}

export const isTime = (text: string) => /^([01]\d|2[0-3]):[0-5]\d$/.test(text);

/** A time as people type it, `8`, `20h30`, `7:05`, as the API takes it; what is no time stays as it is. */
export function timeOf(text: string): string {
  const [, hour, minute] = /^\s*(\d{1,2})\s*(?:[:hH.]\s*(\d{2})?)?\s*$/.exec(text) ?? [];
  const found = hour ? `${hour.padStart(2, '0')}:${minute ?? '00'}` : '';
  return isTime(found) ? found : text.trim();
}

/** Minutes of a day, 0 to 1440. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** When something may begin on a day: what opens on it, and what the night before left open; what overlaps is one. */
export function spansOfDay(windows: readonly Window[], day: Day): Span[] {
  const before = DAYS[(DAYS.indexOf(day) + 6) % 7] ?? day;
  const spans = windows.flatMap(({ days, from, to }): Span[] => {
    const [begin, end] = [minuteOf(from), minuteOf(to)];
    const isNight = end <= begin;
    return [
      ...(isNight && end > 0 && days.includes(before) ? [{ from: 0, to: end }] : []),
      ...(days.includes(day) ? [{ from: begin, to: isNight ? 1440 : end }] : []),
    ];
  });
  return spans.sort((one, other) => one.from - other.from).reduce<Span[]>((joined, span) => {
    const last = joined.at(-1);
    return last && span.from <= last.to ? [...joined.slice(0, -1), { from: last.from, to: Math.max(last.to, span.to) }] : [...joined, span];
  }, []);
}

/** Hours of the week in which something may begin, of 168. */
export function openHours(windows: readonly Window[]): number {
  const minutes = DAYS.flatMap((day) => spansOfDay(windows, day)).reduce((sum, { from, to }) => sum + to - from, 0);
  return Math.round(minutes / 60);
}

const minuteOf = (text: string) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3, 5));

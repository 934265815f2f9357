import { lang } from './lang';

const locale = lang === 'fr' ? 'fr-FR' : 'en-GB';
const numbers = new Intl.NumberFormat(locale);
const percents = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 });
const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'always', style: 'short' });
const days = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', year: 'numeric' });
const instants = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium' });
const clocks = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit' });

type Instant = string | number | Date;

/** `4 812`; an unknown number is blank, never 0. */
export function count(value: number | null | undefined): string {
  return isKnown(value) ? numbers.format(value) : '';
}

/** A share of 0 to 1: `85,6 %`. */
export function share(value: number | null | undefined): string {
  return isKnown(value) ? percents.format(value) : '';
}

/** `12,4 Mo`. */
export function bytes(value: number | null | undefined): string {
  if (!isKnown(value)) {
    return '';
  }
  const units = lang === 'fr' ? ['o', 'Ko', 'Mo', 'Go', 'To'] : ['B', 'KB', 'MB', 'GB', 'TB'];
  // What would be written as 1 000 of a unit is 1 of the next one.
  const power = units.findIndex((_, at) => at === units.length - 1 || Math.abs(value) / 1000 ** at < (at ? 999.95 : 999.5));
  const shown = new Intl.NumberFormat(locale, { maximumFractionDigits: power ? 1 : 0 }).format(value / 1000 ** power);
  return `${shown}\u00a0${units[power] ?? ''}`;
}

/** `4 min`, `3 h`, `2 j`: the largest unit that fits. */
export function duration(seconds: number): string {
  const steps: [number, string][] = [[86_400, lang === 'fr' ? 'j' : 'd'], [3_600, 'h'], [60, 'min']];
  const [length, unit] = steps.find(([size]) => seconds >= size) ?? [1, 's'];
  return `${numbers.format(Math.floor(seconds / length))}\u00a0${unit}`;
}

/** `il y a 12 min` up to seven days, then the day. */
export function ago(instant: Instant, now: number): string {
  const passed = (now - new Date(instant).getTime()) / 1000;
  if (passed < 10 && passed > -60) { // the clock of the page goes by steps: what has just come is not ahead of it
    return $localize`:@@format.now:à l’instant`;
  }
  const [unit, length] = ([['day', 86_400], ['hour', 3_600], ['minute', 60]] as const).find(([, size]) => Math.abs(passed) >= size) ?? ['second', 1];
  return Math.abs(passed) > 7 * 86_400 ? day(instant) : relative.format(-Math.trunc(passed / length), unit);
}

/** `25 nov. 2026`. */
export function day(instant: Instant): string {
  return days.format(new Date(instant));
}

/** Day and time to the second, for titles and details. */
export function instant(value: Instant): string {
  return instants.format(new Date(value));
}

/** `15:32`. */
export function clock(value: Instant): string {
  return clocks.format(new Date(value));
}

function isKnown(value: number | null | undefined): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

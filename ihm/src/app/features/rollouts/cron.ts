/** Five fields of an expression as of cron, read as `canopee_contract.recurrence` reads them, which has the last word. */
export interface Times {
  readonly minute: number;
  readonly hours: readonly number[];
  readonly days: readonly number[];
  readonly months: readonly number[];
  /** Monday is 0. */
  readonly weekdays: readonly number[];
}

/** What a clock on a wall shows, in milliseconds as if it were UTC: it has no zone. */
export type Wall = number;

const DAY_MS = 86_400_000;
const LONGEST_DAYS = 400;
const LONGEST_TEXT = 200;
const DAYS_IN_MONTH = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const PART = /^(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(?:\/(\d{1,2}))?$/;
const FIELDS = [
  { name: $localize`:@@rollouts.cronMinute:minute`, low: 0, high: 59 },
  { name: $localize`:@@rollouts.cronHour:heure`, low: 0, high: 23 },
  { name: $localize`:@@rollouts.cronDay:jour du mois`, low: 1, high: 31 },
  { name: $localize`:@@rollouts.cronMonth:mois`, low: 1, high: 12 },
  { name: $localize`:@@rollouts.cronWeekday:jour de la semaine`, low: 0, high: 7 },
];

/** The times of an expression, or what is wrong with it, as a sentence. */
export function timesOf(every: string): Times | string {
  const texts = every.split(' ');
  if (every.length > LONGEST_TEXT || texts.length !== FIELDS.length) {
    return $localize`:@@rollouts.cronFields:Cinq champs sont attendus, séparés par des espaces : minute, heure, jour du mois, mois, jour de la semaine. Par exemple 0 6 * * 1-5.`;
  }
  const read = FIELDS.map((field, place) => valuesOf(texts[place] ?? '', field));
  const wrong = read.find((one) => typeof one === 'string');
  if (typeof wrong === 'string') {
    return wrong;
  }
  const [minutes = [], hours = [], days = [], months = [], weekdays = []] = read as number[][];
  if (minutes.length > 1) {
    return $localize`:@@rollouts.cronOneMinute:La minute est un seul nombre : rien n’est fait plus d’une fois par heure.`;
  }
  if (texts[2] !== '*' && texts[4] !== '*') {
    return $localize`:@@rollouts.cronTwoDays:Le jour du mois ou celui de la semaine doit être « * » : les deux ensemble n’ont pas le même sens pour tous.`;
  }
  if (days.every((day) => months.every((month) => day > (DAYS_IN_MONTH[month - 1] ?? 0)))) {
    return $localize`:@@rollouts.cronNever:Cette date n’arrive jamais : aucun de ces mois n’a ce jour.`;
  }
  return { minute: minutes[0] ?? 0, hours, days, months, weekdays: [...new Set(weekdays.map((day) => (day + 6) % 7))].sort((one, other) => one - other) };
}

/** Its times after one and until another, both on the wall: the first ones first. */
export function* after(times: Times, wall: Wall, until: Wall = Infinity): Generator<Wall> {
  const first = Math.floor(wall / DAY_MS) * DAY_MS;
  for (let day = first; day <= Math.min(until, first + LONGEST_DAYS * DAY_MS); day += DAY_MS) {
    for (const hour of isOn(times, day) ? times.hours : []) {
      const found = day + hour * 3_600_000 + times.minute * 60_000;
      if (found > wall && found <= until) {
        yield found;
      }
    }
  }
}

/** The shortest time between two occurrences, in seconds; a day where there is one hour. */
export function shortestGap({ hours }: Times): number {
  const nexts = [...hours.slice(1), (hours[0] ?? 0) + 24];
  return Math.min(...hours.map((hour, place) => (nexts[place] ?? 24) - hour)) * 3_600;
}

/** What the clock on this wall shows at an instant, to the minute. */
export function wallOf(ms: number): Wall {
  const at = new Date(ms);
  return Date.UTC(at.getFullYear(), at.getMonth(), at.getDate(), at.getHours(), at.getMinutes());
}

function isOn({ days, months, weekdays }: Times, day: Wall): boolean {
  const date = new Date(day);
  return months.includes(date.getUTCMonth() + 1) && days.includes(date.getUTCDate()) && weekdays.includes((date.getUTCDay() + 6) % 7);
}

function valuesOf(text: string, { name, low, high }: (typeof FIELDS)[number]): number[] | string {
  const found = new Set<number>();
  for (const part of text.split(',')) {
    const read = PART.exec(part);
    const [, first, last, step] = read ?? [];
    const begin = first ? Number(first) : low;
    const end = last ? Number(last) : first ? begin : high;
    if (!read || begin < low || end > high || begin > end || (step && !Number(step)) || (step && first && !last)) {
      return $localize`:@@rollouts.cronPart:${name}:field: : « ${part.slice(0, 20)}:part: » n’est ni *, ni un nombre de ${low}:low: à ${high}:high:, ni une plage comme 1-5 ou 8-18/2.`;
    }
    for (let value = begin; value <= end; value += Number(step ?? 1)) {
      found.add(value);
    }
  }
  return [...found].sort((one, other) => one - other);
}

import { Message } from '@core/api/api';
import { day } from '@core/format';

export type Freeze = Message<'Freeze'>;

const isDay = (text: string) => text.length === 10;
const at = (text: string) => (isDay(text) ? day(`${text}T12:00`) : `${day(text)}, ${text.slice(11, 16)}`);

/** « du 24 déc. 2026 au 3 janv. 2027 », the last day too; with the hours where there are some. */
export function freezeSaid({ from, to }: Pick<Freeze, 'from' | 'to'>): string {
  if (isDay(from) && from === to) {
    return $localize`:@@rollouts.freezeDay:le ${at(from)}:day:, toute la journée`;
  }
  return isDay(from) && isDay(to)
    ? $localize`:@@rollouts.freezeDays:du ${at(from)}:from: au ${at(to)}:to: inclus`
    : $localize`:@@rollouts.freezeHours:du ${at(from)}:from: au ${at(to)}:to:`;
}

/** Those that hold an action between two instants, the first to begin first; collections go on but where one says otherwise. */
export function heldBy(freezes: readonly Freeze[], isCollect: boolean, from: number, until: number): Freeze[] {
  return freezes
    .filter((one) => (one.state === 'now' || one.state === 'ahead') && (one.collects || !isCollect) && Date.parse(one.begins) < until && Date.parse(one.ends) > from)
    .sort((one, other) => Date.parse(one.begins) - Date.parse(other.begins));
}

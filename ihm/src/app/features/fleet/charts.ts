import { Message } from '@core/api/api';
import { ChartData, Row } from '@ui/chart';
import { DEVICE_STATE, DeviceState } from '@ui/device-state';

type Facets = Message<'Facets'>;
type Value = Message<'FacetValue'>;

const PARTS: readonly DeviceState[] = ['online', 'late', 'offline'];
export const UNKNOWN = $localize`:@@fleet.unknownValue:Inconnu`;
export const OTHERS = $localize`:@@fleet.others:Autres`;

/** The most frequent values of a facet, and what is left of the fleet as one line: a chart that hides nothing. */
export function rowsOf(facets: Facets, name: string, most: number, parts: (one: Value) => readonly number[], whole: readonly number[]): readonly Row[] {
  const values = facets.facets[name] ?? [];
  const isAll = values.length <= most;
  const shown = values.slice(0, isAll ? most : most - 1).map((one) => ({ label: one.value || UNKNOWN, values: parts(one) }));
  const rest = whole.map((total, place) => Math.max(0, total - shown.reduce((sum, row) => sum + (row.values[place] ?? 0), 0)));
  return isAll ? shown : [...shown, { label: OTHERS, values: rest }];
}

/** Bars cut by where the devices stand. */
export function byState(facets: Facets | undefined, name: string, most: number): ChartData | undefined {
  if (!facets) {
    return undefined;
  }
  const whole = PARTS.map((state) => facets.facets['state']?.find((one) => one.value === state)?.devices ?? 0);
  const rows = rowsOf(facets, name, most, (one) => PARTS.map((state) => one.states[state] ?? 0), whole);
  return { series: PARTS.map((state) => DEVICE_STATE[state].label), colours: ['--ok-fill', '--warn-fill', '--idle-fill'], rows };
}

/** Bars of one colour. */
export function plainBars(facets: Facets | undefined, name: string, most: number): ChartData | undefined {
  return facets && { series: [$localize`:@@fleet.devices:Postes`], colours: ['--info-fill'], rows: rowsOf(facets, name, most, (one) => [one.devices], [facets.total]) };
}

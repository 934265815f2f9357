import { Message } from '@core/api/api';
import { count } from '@core/format';
import { ChartData } from '@ui/chart';
import { DEVICE_STATE } from '@ui/device-state';

type Value = Message<'FacetValue'>;

/** The most frequent values, those beyond told together: a chart that hides nothing. */
export function top(values: readonly Value[], most: number): readonly { readonly label: string; readonly states: Record<string, number>; readonly devices: number }[] {
  const named = values.map((one) => ({ label: one.value || $localize`:@@fleet.unknownValue:Inconnu`, states: { ...one.states }, devices: one.devices }));
  if (named.length <= most) {
    return named;
  }
  const [shown, rest] = [named.slice(0, most - 1), named.slice(most - 1)];
  const states: Record<string, number> = {};
  for (const one of rest) {
    for (const [state, devices] of Object.entries(one.states)) {
      states[state] = (states[state] ?? 0) + devices;
    }
  }
  const devices = rest.reduce((sum, one) => sum + one.devices, 0);
  return [...shown, { label: $localize`:@@fleet.others:${count(rest.length)}:number: autres`, states, devices }];
}

/** Bars cut by where the devices stand; revoked ones are left out. */
export function byState(values: readonly Value[] | undefined, most: number): ChartData | undefined {
  if (!values) {
    return undefined;
  }
  const parts = ['online', 'late', 'offline'] as const;
  return {
    kind: 'bars',
    series: parts.map((state) => DEVICE_STATE[state].label),
    colours: ['--ok-fill', '--warn-fill', '--idle-fill'],
    rows: top(values, most).map(({ label, states }) => ({ label, values: parts.map((state) => states[state] ?? 0) })),
  };
}

/** Bars of one colour. */
export function plainBars(values: readonly Value[] | undefined, colour: string, most: number): ChartData | undefined {
  return values && {
    kind: 'bars',
    series: [$localize`:@@fleet.devices:Postes`],
    colours: [colour],
    rows: top(values, most).map(({ label, devices }) => ({ label, values: [devices] })),
  };
}

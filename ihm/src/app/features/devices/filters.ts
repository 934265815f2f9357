import { ParamMap } from '@angular/router';
import { Message } from '@core/api/api';
import { DEVICE_STATE, DeviceState } from '@ui/device-state';
import { Watch, WATCH } from '@ui/watch';
import { Picked } from './selection';

/** Filters with several values, named as the API names them. */
export const LISTED = ['state', 'watch', 'product', 'os', 'agent_version', 'platform', 'tag', 'practice'] as const;
export type Listed = (typeof LISTED)[number];
export type Filters = Readonly<Record<Listed, readonly string[]>> & { readonly q: string; readonly condition: string };

/** What the address asks for. */
export function filtersOf(address: ParamMap): Filters {
  const all = (name: Listed): readonly string[] => address.getAll(name);
  return {
    state: all('state').filter((one) => Object.hasOwn(DEVICE_STATE, one)), watch: all('watch').filter((one) => Object.hasOwn(WATCH, one)), product: all('product'), os: all('os'), agent_version: all('agent_version'),
    platform: all('platform'), tag: all('tag'), practice: all('practice'), q: address.get('q') ?? '', condition: address.get('condition') ?? '',
  };
}

export function isFiltered(filters: Filters): boolean {
  return !!filters.q || !!filters.condition || LISTED.some((name) => filters[name].length);
}

/** The filters as parameters of the API; empty ones are left out. */
export function asked(filters: Filters): Record<string, string | string[]> {
  const lists = LISTED.filter((name) => filters[name].length).map((name) => [name, [...filters[name]]] as const);
  return { ...Object.fromEntries(lists), ...(filters.q ? { q: filters.q } : {}), ...(filters.condition ? { condition: filters.condition } : {}) };
}

/** The filters as the body of a selection takes them; a condition in the address is JSON. */
export function queryOf(filters: Filters): Message<'DeviceQuery'> {
  const { condition, ...rest } = filters;
  const lists = { ...rest, state: rest.state as DeviceState[], watch: rest.watch as Watch[] };
  return { ...lists, condition: condition ? (JSON.parse(condition) as Record<string, unknown>) : null };
}

/** What a selection is made of: some devices, or those of the filters less some. */
export function selectionOf(picked: Picked, filters: Filters): Message<'NewSelection'> {
  const ids = picked.listed();
  return picked.isAll() ? { query: queryOf(filters), device_ids: [], excluded: ids } : { query: null, device_ids: ids, excluded: [] };
}

export const FACET_LABELS: Record<Listed, string> = {
  state: $localize`:@@devices.state:État`,
  watch: $localize`:@@devices.watch:À surveiller`,
  product: $localize`:@@devices.product:Logiciel`,
  os: $localize`:@@devices.os:Système`,
  agent_version: $localize`:@@devices.agent:Agent`,
  platform: $localize`:@@devices.platform:Plateforme`,
  tag: $localize`:@@devices.tag:Étiquettes`,
  practice: $localize`:@@devices.practice:Cabinet`,
};

/** A value of a filter as people read it. */
export function valueLabel(name: Listed, value: string, label = ''): string {
  if (name === 'state') {
    return DEVICE_STATE[value as DeviceState].label;
  }
  if (name === 'watch') {
    return WATCH[value as Watch].label;
  }
  if (name === 'platform') {
    return { windows: 'Windows', linux: 'Linux' }[value] ?? value;
  }
  return label || value || $localize`:@@devices.unknownValue:Inconnu`;
}

import { Routes } from '@angular/router';
import { Icon } from './icon';
import { Right, Role } from './session';

export type Section = 'support' | 'fleet' | 'analysis' | 'administration';

/** Sections of the menu, in their order. */
export const SECTIONS: readonly { id: Section; label: string }[] = [
  { id: 'support', label: $localize`:@@section.support:Support` },
  { id: 'fleet', label: $localize`:@@section.fleet:Parc` },
  { id: 'analysis', label: $localize`:@@section.analysis:Analyse` },
  { id: 'administration', label: $localize`:@@section.administration:Administration` },
];

/** What a folder of `features/` says of itself in its `<name>.feature.ts`: menu, router, palette and `make screens` read it. */
export interface Feature {
  readonly id: string;
  readonly section: Section;
  /** Place in its section, lowest first. */
  readonly order: number;
  /** First segment of its addresses. */
  readonly path: string;
  readonly label: string;
  readonly icon: Icon;
  /** Without this right it is not shown. */
  readonly right: Right;
  /** Whose first screen it is: theirs who have no role but these. */
  readonly landingOf?: readonly Role[];
  /** After `g`, the letter that goes there. */
  readonly key?: string;
  readonly routes: () => Promise<Routes>;
  /**
   * What `make screens` draws besides the page itself: what follows `path` in the address. `{device}`, `{run}`, `{campaign}`,
   * `{pipeline}` and `{request}` stand for one of each, `{archive}` for a request and one of its PCs. One line.
   */
  readonly screens?: readonly string[];
  /** What Ctrl+K finds besides the page itself. */
  readonly finds?: () => Promise<Finder>;
}

/** One line of the palette. */
export interface Found {
  readonly label: string;
  readonly detail?: string;
  readonly link: string;
}

/** Looks for what a person types; rejects when it could not look. */
export type Finder = (text: string, signal: AbortSignal) => Promise<readonly Found[]>;

/** What an address of the API answers, for a finder; rejects when it is no answer. */
export async function answerOf<T>(address: string, signal: AbortSignal): Promise<T> {
  const reply = await fetch(address, { signal });
  if (!reply.ok) {
    throw new Error(`${address}: ${reply.status}`);
  }
  return (await reply.json()) as T;
}

/** Features in the order of the menu. */
export function bySection(features: readonly Feature[]): readonly Feature[] {
  const place = (feature: Feature) => SECTIONS.findIndex((section) => section.id === feature.section) * 1000 + feature.order;
  return [...features].sort((one, other) => place(one) - place(other));
}

/** The first screen of somebody with these roles: that of the fewest roles, theirs all among them; else the first one of the menu. */
export function landingOf(features: readonly Feature[], roles: readonly Role[]): Feature | undefined {
  const theirs = features.filter((one) => roles.every((role) => one.landingOf?.includes(role)));
  const [narrowest] = theirs.sort((one, other) => (one.landingOf?.length ?? 0) - (other.landingOf?.length ?? 0));
  return narrowest ?? bySection(features)[0];
}

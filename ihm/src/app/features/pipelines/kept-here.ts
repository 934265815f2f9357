/** What was typed and not saved, kept in this browser. */
export interface Kept {
  readonly text: string;
  /** Revision of the draft that it began from. */
  readonly revision: number;
  readonly at: number;
}

const key = (name: string) => `canopee.draft.${name}`;

export function keptOf(name: string): Kept | undefined {
  try {
    return (JSON.parse(localStorage.getItem(key(name)) ?? 'null') as Kept | null) ?? undefined;
  } catch {
    return undefined;
  }
}

export function keep(name: string, kept: Kept | undefined): void {
  if (kept) {
    localStorage.setItem(key(name), JSON.stringify(kept));
  } else {
    localStorage.removeItem(key(name));
  }
}

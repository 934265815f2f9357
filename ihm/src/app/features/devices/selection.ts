import { computed, Signal, signal } from '@angular/core';

/**
 * What is ticked: some devices, or all that the filters show less some. The second is only a wish: the server freezes it
 * into a list before anything is done, and that list's count is the one that is confirmed.
 */
export class Picked {
  private readonly ids = signal<ReadonlySet<string>>(new Set());
  private last = '';
  /** Whether everything that the filters show is wanted; `ids` are then the exceptions. */
  readonly isAll = signal(false);
  readonly count: Signal<number | undefined>;

  constructor(total: Signal<number | undefined>) {
    this.count = computed(() => (this.isAll() ? subtract(total(), this.ids().size) : this.ids().size));
  }

  readonly isAny = computed(() => this.isAll() || this.ids().size > 0);

  has(id: string): boolean {
    return this.ids().has(id) !== this.isAll();
  }

  listed(): string[] {
    return [...this.ids()];
  }

  /** Tick or untick one; with Shift, all from the one ticked last. */
  toggle(id: string, isRange: boolean, page: readonly string[]): void {
    const isOn = !this.has(id);
    const [from, to] = [page.indexOf(this.last), page.indexOf(id)];
    const range = isRange && from >= 0 ? page.slice(Math.min(from, to), Math.max(from, to) + 1) : [id];
    this.set(range, isOn);
    this.last = id;
  }

  set(ids: readonly string[], isOn: boolean): void {
    const held = new Set(this.ids());
    ids.forEach((id) => (isOn === this.isAll() ? held.delete(id) : held.add(id)));
    this.ids.set(held);
  }

  all(): void {
    this.isAll.set(true);
    this.ids.set(new Set());
  }

  clear(): void {
    this.isAll.set(false);
    this.ids.set(new Set());
    this.last = '';
  }
}

function subtract(total: number | undefined, excluded: number): number | undefined {
  return total === undefined ? undefined : Math.max(0, total - excluded);
}

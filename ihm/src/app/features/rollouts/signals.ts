import { Component, computed, effect, output, signal } from '@angular/core';
import { Plus, X } from 'lucide';
import { read } from '@core/api/api';
import { Icon } from '@ui/icon';
import { ConditionEditor } from './condition';
import { EMPTY, limitFault, MOST_SIGNALS, signalFault, SignalRow, signalsOf, Written } from './signal-rows';

/** What in the data of the PCs that have run halts the campaign: facts that change for the worse, or records that come in. */
@Component({
  selector: 'cnp-signals',
  imports: [ConditionEditor, Icon],
  templateUrl: './signals.html',
  styles: `
    :host { display: grid; gap: 10px; }
    .signal { display: grid; gap: 12px; padding: 12px; border: 1px solid var(--line); border-radius: var(--radius); }
    .head { display: grid; grid-template-columns: minmax(0, 1fr) auto; align-items: start; gap: 8px; }
    .kinds { display: flex; flex-wrap: wrap; gap: 4px 22px; }
    .limit { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 240px), 1fr)); gap: 12px; align-items: end; }
    .amount { display: grid; grid-template-columns: minmax(70px, 1fr) auto; gap: 8px; }
    .unit { align-self: center; font-size: 15px; white-space: nowrap; }
    .add { justify-self: start; }
  `,
})
export class SignalsEditor {
  readonly changed = output<Written>();
  protected readonly rows = signal<readonly (SignalRow & { readonly key: number })[]>([]);
  protected readonly icons = { Plus, X };
  protected readonly most = MOST_SIGNALS;
  protected readonly fault = signalFault;
  protected readonly limitFault = limitFault;
  /** Faults are told once somebody has been in a row and left it. */
  protected readonly left = signal<ReadonlySet<number>>(new Set());
  private readonly sets = read('/v1/catalog/datasets', () => (this.rows().some((row) => row.kind === 'dataset') ? {} : undefined));
  protected readonly datasets = computed(() => {
    const all = this.sets.hasValue() ? this.sets.value().items : [];
    return [...new Map(all.map((one) => [one.name, one.title])).entries()].sort(([, one], [, other]) => one.localeCompare(other));
  });
  private serial = 0;

  constructor() {
    effect(() => this.changed.emit(signalsOf(this.rows())));
  }

  protected add(): void {
    this.rows.update((rows) => [...rows, { ...EMPTY, key: ++this.serial }]);
  }

  protected drop(key: number): void {
    this.rows.update((rows) => rows.filter((row) => row.key !== key));
  }

  protected set(key: number, change: Partial<SignalRow>): void {
    this.rows.update((rows) => rows.map((row) => (row.key === key ? { ...row, ...change } : row)));
  }

  /** Only records have a number of their own. */
  protected turn(key: number, kind: SignalRow['kind']): void {
    this.set(key, kind === 'condition' ? { kind, unit: 'pct' } : { kind });
  }

  protected labelOf(place: number): string {
    return $localize`:@@rollouts.signalN:Signal ${place + 1}:n:`;
  }

  protected leave(key: number): void {
    this.left.update((held) => new Set([...held, key]));
  }
}

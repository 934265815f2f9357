import { NgTemplateOutlet } from '@angular/common';
import { Component, computed, input, output, signal } from '@angular/core';
import { Table2 } from 'lucide';
import { count } from '@core/format';
import { Icon } from './icon';

/** One line of a chart: a label, and a value for each series (`null`: unknown, which is not 0). */
export interface Row {
  readonly label: string;
  readonly values: readonly (number | null)[];
}

export interface ChartData {
  /** Names of the series, stacked in this order. */
  readonly series: readonly string[];
  /** CSS variables of their colours: `--ok-fill`. */
  readonly colours: readonly string[];
  readonly rows: readonly Row[];
}

/** A bar ready to be drawn: its parts in percent of the longest one. */
interface Bar {
  readonly row: Row;
  readonly total: number;
  readonly parts: readonly { readonly colour: string; readonly width: number }[];
}

/** Horizontal bars in a card, which can be chosen, and the same data as a table on demand. */
@Component({
  selector: 'cnp-chart',
  imports: [Icon, NgTemplateOutlet],
  templateUrl: './chart.html',
  styleUrl: './chart.scss',
  host: { class: 'card' },
})
export class Chart {
  readonly title = input.required<string>();
  readonly data = input.required<ChartData | undefined>();
  readonly height = input(180);
  /** Whether a bar, or the label of its line in the table, can be chosen. */
  readonly pickable = input(false);
  /** The label of what was chosen. */
  readonly picked = output<string>();
  protected readonly asTable = signal(false);
  /** The line under the pointer or the focus: the legend tells its values. */
  protected readonly told = signal<Row | null>(null);
  protected readonly Table2 = Table2;
  protected readonly shown = count;
  protected readonly tableLabel = $localize`:@@ui.showData:Afficher les données`;
  protected readonly bars = computed(() => barsOf(this.data()));
  protected readonly legend = computed(() => {
    const data = this.data();
    return (data?.series ?? []).map((name, at) => ({ name, colour: `var(${data?.colours[at]})`, at }));
  });

  /** What the colours of a bar say, for those who do not see them. */
  protected said(row: Row): string {
    return this.legend().map(({ name, at }) => `${name} ${count(row.values[at])}`).join(', ');
  }
}

export function barsOf(data: ChartData | undefined): readonly Bar[] {
  const rows = (data?.rows ?? []).map((row) => ({ row, total: row.values.reduce<number>((sum, value) => sum + (value ?? 0), 0) }));
  const most = Math.max(1, ...rows.map(({ total }) => total));
  return rows.map(({ row, total }) => ({ row, total, parts: partsOf(row, most, data?.colours ?? []) }));
}

function partsOf(row: Row, most: number, colours: readonly string[]): Bar['parts'] {
  const parts = row.values.map((value, at) => ({ colour: `var(${colours[at]})`, width: (100 * (value ?? 0)) / most }));
  return parts.filter(({ width }) => width > 0);
}

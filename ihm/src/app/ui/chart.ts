import { Component, computed, effect, ElementRef, inject, input, OnDestroy, output, signal, viewChild } from '@angular/core';
import { Table2 } from 'lucide';
import { count } from '@core/format';
import { Preferences } from '@core/preferences';
import type { Drawn } from './chart-engine';
import { Icon } from './icon';

/** One line of a chart: a label, and a value for each series (`null`: unknown, which is not 0). */
export interface Row {
  readonly label: string;
  readonly values: readonly (number | null)[];
}

export interface ChartData {
  readonly kind: 'bar' | 'bars' | 'area';
  /** Names of the series. */
  readonly series: readonly string[];
  /** CSS variables of their colours: `--ok-fill`. */
  readonly colours: readonly string[];
  readonly rows: readonly Row[];
}

/** A chart in a card, the same data as a table on demand; ECharts is loaded when the first one is drawn. */
@Component({
  selector: 'cnp-chart',
  imports: [Icon],
  template: `
    <div class="card-head">
      <h2>{{ title() }}</h2>
      <button type="button" class="button quiet icon-only" [attr.aria-pressed]="asTable()" [attr.aria-label]="tableLabel" [title]="tableLabel" (click)="asTable.set(!asTable())"><cnp-icon [icon]="Table2" [size]="17" /></button>
    </div>
    @if (asTable()) {
      <div class="table-scroll" tabindex="0" role="group" [attr.aria-label]="title()">
        <table class="list">
          <thead><tr><th scope="col"></th>@for (name of data()?.series; track name) { <th scope="col" class="end">{{ name }}</th> }</tr></thead>
          <tbody>@for (row of data()?.rows; track row.label) { <tr><th scope="row">@if (pickable()) { <button type="button" class="link-button" (click)="picked.emit(row.label)">{{ row.label }}</button> } @else { {{ row.label }} }</th>@for (value of row.values; track $index) { <td class="end">{{ shown(value) }}</td> }</tr> }</tbody>
        </table>
      </div>
    } @else if (data()) {
      <div #canvas class="canvas" role="img" [attr.aria-label]="sentence()" [style.height.px]="height()"></div>
    } @else {
      <div class="canvas unknown" [style.height.px]="height()"><span class="muted" i18n="@@ui.chartUnknown">Pas encore de données</span></div>
    }
  `,
  host: { class: 'card' },
  styles: `
    :host { display: block; min-width: 0; }
    .canvas { margin: 0 12px 10px; }
    .unknown { display: grid; place-items: center; }
    .table-scroll { max-height: 260px; overflow: auto; }
  `,
})
export class Chart implements OnDestroy {
  readonly title = input.required<string>();
  readonly data = input.required<ChartData | undefined>();
  readonly height = input(180);
  /** Whether a bar, or the label of its line in the table, can be chosen. */
  readonly pickable = input(false);
  /** The label of what was chosen. */
  readonly picked = output<string>();
  protected readonly asTable = signal(false);
  protected readonly Table2 = Table2;
  protected readonly shown = count;
  protected readonly tableLabel = $localize`:@@ui.showData:Afficher les données`;
  protected readonly sentence = computed(() => {
    const rows = this.data()?.rows ?? [];
    return `${this.title()} : ${rows.slice(0, 12).map((row) => `${row.label} ${row.values.map(count).join(' / ')}`).join(', ')}`;
  });
  private readonly canvas = viewChild<ElementRef<HTMLElement>>('canvas');
  private readonly theme = inject(Preferences).theme;
  private drawn?: Drawn;

  constructor() {
    effect(() => {
      const [canvas, data] = [this.canvas()?.nativeElement, this.data()];
      this.theme(); // colours are read again
      void this.draw(canvas, data);
    });
  }

  ngOnDestroy(): void {
    this.drawn?.dispose();
  }

  private async draw(canvas: HTMLElement | undefined, data: ChartData | undefined): Promise<void> {
    if (this.drawn?.canvas !== canvas) {
      this.drawn?.dispose();
      this.drawn = undefined;
    }
    if (canvas && data) {
      const { start } = await import('./chart-engine');
      this.drawn ??= start(canvas, this.pickable() ? (label) => this.picked.emit(label) : undefined);
      this.drawn.show(data);
    }
  }
}

import { Component, computed, input } from '@angular/core';
import { count } from '@core/format';
import { diffLines, folded, paired } from './line-diff';

const SIGNS = { same: ' ', added: '+', removed: '−' };

/** The difference of two texts: signs and colours, in one column or two. */
@Component({
  selector: 'cnp-diff',
  template: `
    <p class="summary" role="status">
      @if (added() + removed()) {
        <span class="plus">+ {{ count(added()) }}</span>{{ ' ' }}<span class="minus">− {{ count(removed()) }}</span>{{ ' ' }}<span class="muted" i18n="@@pipelines.diff.lines">lignes</span>
      } @else { <span class="muted" i18n="@@pipelines.diff.same">Les deux textes sont les mêmes.</span> }
    </p>
    @if (added() + removed()) {
      <div class="scroll" tabindex="0" role="group" [attr.aria-label]="label()">
        <table [class.two]="twoColumns()">
          <caption class="sr">{{ label() }}</caption>
          @if (twoColumns()) { <colgroup><col class="number" /><col /><col class="number" /><col /></colgroup> }
          <tbody>
            @if (twoColumns()) {
              @for (row of rows(); track $index) {
                <tr>
                  @for (side of [row.left, row.right]; track $index; let isRight = $last) {
                    <td class="n">{{ (isRight ? side?.after : side?.before) || '' }}</td>
                    <td class="line" [class]="side?.kind ?? (row.left || row.right ? 'void' : 'gap')">@if (side) { <span class="sr">{{ side.kind === 'same' ? '' : wordOf(side.kind) }}</span><i aria-hidden="true">{{ signs[side.kind] }}</i>{{ side.text }} } @else if (!row.left && !row.right) { ⋯ }</td>
                  }
                </tr>
              }
            } @else {
              @for (line of lines(); track $index) {
                <tr>
                  <td class="n">{{ line?.before || '' }}</td><td class="n">{{ line?.after || '' }}</td>
                  <td class="line" [class]="line?.kind ?? 'gap'">@if (line) { <span class="sr">{{ line.kind === 'same' ? '' : wordOf(line.kind) }}</span><i aria-hidden="true">{{ signs[line.kind] }}</i>{{ line.text }} } @else { ⋯ }</td>
                </tr>
              }
            }
          </tbody>
        </table>
      </div>
    }
  `,
  styles: `
    :host { display: block; min-width: 0; }
    .summary { padding: 8px 16px; font-size: 14px; }
    .plus { color: var(--ok); font-weight: 600; } .minus { color: var(--bad); font-weight: 600; }
    .scroll { overflow-x: auto; border-top: 1px solid var(--line); }
    table { width: 100%; font: 400 13px/1.55 var(--font-mono); }
    table.two { table-layout: fixed; }
    .number { width: 52px; }
    .n { width: 44px; padding: 0 8px; color: var(--text-2); text-align: end; user-select: none; vertical-align: top; }
    .line { padding: 0 10px; white-space: pre; vertical-align: top; }
    .two .line { white-space: pre-wrap; overflow-wrap: anywhere; }
    i { display: inline-block; width: 1.5em; font-style: normal; user-select: none; }
    .added { background: var(--ok-soft); } .removed { background: var(--bad-soft); }
    .gap { color: var(--text-2); background: var(--surface-2); text-align: center; } .void { background: var(--surface-2); }
  `,
})
export class Diff {
  readonly before = input.required<string>();
  readonly after = input.required<string>();
  readonly twoColumns = input(false);
  readonly label = input('');
  private readonly all = computed(() => diffLines(this.before(), this.after()));
  protected readonly lines = computed(() => folded(this.all()));
  protected readonly rows = computed(() => paired(this.lines()));
  protected readonly added = computed(() => this.all().filter((line) => line.kind === 'added').length);
  protected readonly removed = computed(() => this.all().filter((line) => line.kind === 'removed').length);
  protected readonly signs = SIGNS;
  protected readonly count = count;

  protected wordOf(kind: 'added' | 'removed'): string {
    return kind === 'added' ? $localize`:@@pipelines.diff.added:ajouté : ` : $localize`:@@pipelines.diff.removed:retiré : `;
  }
}

import { Component, computed, effect, ElementRef, inject, input, output } from '@angular/core';
import { read } from '@core/api/api';
import { count } from '@core/format';
import { lastGood } from '@core/last-good';
import { problemOf } from '@core/problem';
import { Pager } from '@ui/pager';
import { Shown, State } from '@ui/shown';
import { LINES, pageOf } from './about';

/** One text of an archive, a page of lines at a time: nothing of it is kept, or in an address. */
@Component({
  selector: 'cnp-log-text',
  imports: [Pager, Shown],
  template: `
    <cnp-shown name="log-text" [state]="state()" [problem]="problem()" right="read_logs" (retry)="asked.reload()" [rows]="10" i18n-failed="@@logs.textFailed" failed="Ce fichier n’a pas pu être lu." [empty]="empty()">
      @if (page(); as page) {
        <div class="lines" [class.stale]="asked.isLoading()" tabindex="0" role="region" [attr.aria-label]="path()">
          @for (one of page.lines; track one.number) {
            <div [class.on]="isSought() && one.number === line()" [attr.data-line]="one.number"><span class="n" aria-hidden="true">{{ one.number }}</span><code>{{ one.text }}@if (one.is_cut) { <span class="muted">…</span> }</code></div>
          }
        </div>
        @if (first() > 1 || page.next_line) {
          <cnp-pager [hasPrevious]="first() > 1" [hasNext]="!!page.next_line" (previous)="moved.emit(first() - size)" (next)="moved.emit(page.next_line ?? 1)">{{ range() }}</cnp-pager>
        }
      }
    </cnp-shown>
  `,
  styles: `
    :host { display: block; min-width: 0; }
    .lines { position: relative; max-height: calc(100dvh - 240px); min-height: 240px; overflow: auto; border-top: 1px solid var(--line); background: var(--surface-2); }
    .lines > div { display: grid; grid-template-columns: 72px minmax(0, max-content); width: max-content; min-width: 100%; }
    .n { position: sticky; left: 0; padding: 0 10px 0 6px; border-right: 1px solid var(--line); background: var(--surface-2); color: var(--text-2); font-size: 13px; line-height: 21px; text-align: end; user-select: none; font-variant-numeric: tabular-nums; }
    code { padding: 0 12px; font-size: 13px; line-height: 21px; white-space: pre; }
    .on, .on .n { background: var(--warn-soft); }
    .on .n { color: var(--warn); font-weight: 700; }
    .stale { opacity: 0.55; }
    @media (max-width: 600px) { .lines > div { grid-template-columns: 52px minmax(0, max-content); } }
  `,
})
export class LogText {
  readonly request = input.required<string>();
  readonly device = input.required<string>();
  readonly step = input('');
  /** Of the file, as the listing says it. */
  readonly number = input.required<number>();
  /** What the file is called on screen. */
  readonly path = input.required<string>();
  /** The line that is shown, and whether somebody looks for it. */
  readonly line = input(1);
  readonly isSought = input(false);
  readonly moved = output<number>();
  private readonly host = inject<ElementRef<HTMLElement>>(ElementRef);
  protected readonly first = computed(() => pageOf(this.line()));
  private readonly key = computed(() => `${this.device()} ${this.step()} ${this.number()} ${this.first()}`);
  protected readonly asked = read('/v1/log-requests/{request_id}/archives/{device_id}/text', () => ({
    path: { request_id: this.request(), device_id: this.device() }, query: { file: this.number(), line: this.first(), count: LINES, step: this.step() },
  }));
  protected readonly page = lastGood(this.asked, this.key);
  protected readonly problem = computed(() => (this.asked.error() ? problemOf(this.asked.error()) : undefined));
  protected readonly state = computed<State>(() => {
    const page = this.page();
    if (!page) {
      return !this.problem() ? 'loading' : this.problem()?.status === 403 ? 'no-right' : 'error';
    }
    return page.lines.length ? 'ready' : 'empty';
  });
  protected readonly empty = computed(() => (this.page()?.is_binary ? $localize`:@@logs.binary:Ce fichier n’est pas un texte : téléchargez l’archive pour l’ouvrir.` : $localize`:@@logs.noLine:Ce fichier est vide, ou plus court que cela.`));
  protected readonly range = computed(() => {
    const lines = this.page()?.lines ?? [];
    return $localize`:@@logs.linesOf:Lignes ${count(lines[0]?.number)}:first: à ${count(lines.at(-1)?.number)}:last:`;
  });
  protected readonly size = LINES;

  constructor() {
    effect(() => {
      const [line, page] = [this.line(), this.page()];
      if (page) {
        setTimeout(() => this.show(line));
      }
    });
  }

  /** Bring a line to the middle of what is seen; the page moves only when somebody looked for that line. */
  private show(line: number): void {
    const box = this.host.nativeElement.querySelector<HTMLElement>('.lines');
    const row = box?.querySelector<HTMLElement>(`[data-line="${line}"]`);
    if (box && row) {
      box.scrollTop = Math.max(0, row.offsetTop - box.clientHeight / 2);
      if (line > this.first()) {
        box.scrollIntoView({ block: 'nearest' });
      }
    }
  }
}

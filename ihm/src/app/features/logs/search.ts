import { Component, computed, inject, input, linkedSignal, output, signal } from '@angular/core';
import { Search } from 'lucide';
import { Api, Message } from '@core/api/api';
import { count } from '@core/format';
import { problemOf } from '@core/problem';
import { Icon } from '@ui/icon';
import { cutAt, offsetOf } from './about';

export type Hit = Message<'LogMatch'>;
const MOST = 200;

/** Looks for a text in an archive, on the server; what is looked for is in no address of the page. */
@Component({
  selector: 'cnp-log-search',
  imports: [Icon],
  template: `
    <form role="search" novalidate (submit)="$event.preventDefault(); look(box.value)">
      <div class="bar">
        <label class="sr" for="logs-q" i18n="@@logs.lookFor">Chercher dans l’archive</label>
        <input #box id="logs-q" type="search" maxlength="500" autocomplete="off" spellcheck="false" i18n-placeholder="@@logs.lookFor" placeholder="Chercher dans l’archive" [attr.aria-invalid]="!!fault()" data-search />
        <button type="submit" class="button primary" [attr.aria-disabled]="busy() || null"><cnp-icon [icon]="icon" [size]="16" /><ng-container i18n="@@logs.look">Chercher</ng-container></button>
      </div>
      <div class="options">
        <label class="check small"><input type="checkbox" [checked]="isRegex()" (change)="isRegex.set(!isRegex())" /><ng-container i18n="@@logs.regex">Expression régulière</ng-container></label>
        <label class="check small"><input type="checkbox" [checked]="hasCase()" (change)="hasCase.set(!hasCase())" /><ng-container i18n="@@logs.case">Respecter la casse</ng-container></label>
        @if (path()) { <label class="check small"><input type="checkbox" [checked]="isHere()" (change)="isHere.set(!isHere())" /><ng-container i18n="@@logs.here">Dans ce fichier seulement</ng-container></label> }
      </div>
    </form>
    @if (fault()) { <p class="fault" role="alert">{{ fault() }}</p> }
    <p class="told small" role="status">@if (busy()) { <ng-container i18n="@@logs.looking">Recherche…</ng-container> } @else { {{ said() }} }</p>
    @if (hits().length) {
      <ol class="plain hits" tabindex="0" i18n-aria-label="@@logs.hits" aria-label="Résultats">
        @for (hit of shown(); track $index) {
          <li><button type="button" [class.on]="$index === at()" [attr.aria-current]="$index === at() || null" (click)="go($index)"><span class="where muted small">{{ hit.path }} : {{ count(hit.line) }}</span><code>{{ hit.parts[0] }}<mark>{{ hit.parts[1] }}</mark>{{ hit.parts[2] }}</code></button></li>
        }
      </ol>
    }
  `,
  styles: `
    :host { display: grid; grid-template-columns: minmax(0, 1fr); gap: 8px; padding: 14px 16px; }
    .bar { display: flex; gap: 8px; }
    .bar input { flex: 1; min-width: 0; }
    .options { display: flex; flex-wrap: wrap; gap: 4px 18px; margin-top: 6px; }
    .told:empty { display: none; }
    .hits { max-height: 172px; overflow: auto; border: 1px solid var(--line); border-radius: var(--radius); }
    li + li { border-top: 1px solid var(--line); }
    button:not(.button) { display: grid; width: 100%; padding: 5px 12px; border: 0; background: none; color: var(--text); font: inherit; text-align: start; cursor: pointer; }
    button:not(.button):hover { background: var(--surface-2); }
    button.on { background: var(--brand-soft); }
    .where { overflow-wrap: anywhere; }
    code { overflow: hidden; text-overflow: ellipsis; white-space: pre; }
    @media (max-width: 600px) { code { white-space: pre-wrap; overflow-wrap: anywhere; } }
    mark { border-radius: 2px; background: var(--warn-soft); color: var(--warn); font-weight: 700; }
  `,
})
export class LogSearch {
  readonly request = input.required<string>();
  readonly device = input.required<string>();
  readonly step = input('');
  /** The file that is shown; empty: none. */
  readonly path = input('');
  readonly found = output<Hit>();
  private readonly api = inject(Api);
  protected readonly icon = Search;
  protected readonly isRegex = signal(false);
  protected readonly hasCase = signal(false);
  protected readonly isHere = signal(false);
  protected readonly busy = signal(false);
  protected readonly fault = signal('');
  protected readonly answer = linkedSignal<string, Message<'LogMatches'> | undefined>({ source: () => `${this.request()} ${this.device()} ${this.step()}`, computation: () => undefined });
  protected readonly hits = computed(() => this.answer()?.matches ?? []);
  protected readonly at = linkedSignal<readonly Hit[], number>({ source: this.hits, computation: () => -1 });
  /** Each with its line around what was found: the beginning of a long line is left out. */
  protected readonly shown = computed(() => this.hits().map((hit) => ({ ...hit, parts: aroundOf(hit) })));
  protected readonly said = computed(() => {
    const answer = this.answer();
    if (!answer) {
      return '';
    }
    const base = $localize`:@@logs.hitsOf:${count(answer.matches.length)}:n: ligne(s) trouvée(s) dans ${count(answer.files)}:files: fichier(s) lus`;
    return answer.is_cut ? $localize`:@@logs.hitsCut:${base}:said: ; ${ENDED[answer.ended_by] ?? ''}:why:` : base;
  });
  protected readonly count = count;

  /** To the next hit, or to the one before; round at the ends. */
  next(by: 1 | -1): void {
    const n = this.hits().length;
    if (n) {
      this.go((this.at() + by + n + (this.at() < 0 && by < 0 ? 1 : 0)) % n);
    }
  }

  protected go(place: number): void {
    const hit = this.hits()[place];
    if (hit) {
      this.at.set(place);
      this.found.emit(hit);
    }
  }

  protected async look(q: string): Promise<void> {
    if (!q || this.busy()) {
      this.fault.set(q ? '' : $localize`:@@logs.lookLacks:Écrivez ce qu’il faut chercher.`);
      return;
    }
    this.busy.set(true);
    this.fault.set('');
    try {
      const wanted = { q, regex: this.isRegex(), case: this.hasCase(), path: this.isHere() ? this.path() : '', limit: MOST, step: this.step() };
      const path = { request_id: this.request(), device_id: this.device() };
      this.answer.set(await this.api.post('/v1/log-requests/{request_id}/archives/{device_id}/search', wanted, { path }));
    } catch (error) {
      this.answer.set(undefined);
      this.fault.set(problemOf(error).detail);
    } finally {
      this.busy.set(false);
    }
  }
}

const ENDED: Readonly<Record<string, string>> = {
  matches: $localize`:@@logs.endedMatches:il y en a d’autres : précisez la recherche.`,
  bytes: $localize`:@@logs.endedBytes:l’archive est trop grande pour être lue en entier : téléchargez-la.`,
  time: $localize`:@@logs.endedTime:arrêtée après 15 s : précisez la recherche, ou téléchargez l’archive.`,
};
const BEFORE = 60;

function aroundOf(hit: Hit): readonly [string, string, string] {
  const [before, found, after] = cutAt(hit.text, offsetOf(hit.text, hit.start), offsetOf(hit.text, hit.end));
  return [before.length > BEFORE ? `…${before.slice(-BEFORE)}` : before, found, after];
}

import { Component, computed, inject, input, linkedSignal, output } from '@angular/core';
import { CloudOff, Inbox, Lock, RefreshCw, SearchX } from 'lucide';
import { clock } from '@core/format';
import { Now } from '@core/now';
import { Problem } from '@core/problem';
import { Icon } from './icon';

/** What a list or a card has to show. */
export type State = 'loading' | 'empty' | 'filtered-empty' | 'error' | 'no-right' | 'ready';

/** The state of a list from what is held of it: nothing yet, or so many rows, some perhaps left out by filters. */
export function stateOf(rows: number | undefined, problem: Problem | undefined, isFiltered = false): State {
  if (rows === undefined) {
    return problem ? (problem.status === 403 ? 'no-right' : 'error') : 'loading';
  }
  return rows ? 'ready' : isFiltered ? 'filtered-empty' : 'empty';
}

/**
 * The state of a list, told in its place. Content is projected when `ready`; an error says what failed and what to do. What is
 * held and comes with a problem is stale: it stays, under the time when it was last known. Its `name` is what `e2e/ihm/lists.py` knows it by.
 *
 *     <cnp-shown name="devices" [state]="…" empty="Aucun poste…" (retry)="devices.reload()" (clear)="clear()"> <table>…</table> </cnp-shown>
 */
@Component({
  selector: 'cnp-shown',
  imports: [Icon],
  template: `
    @if (isStale()) {
      <p class="banner warn" role="status"><span><ng-container i18n="@@ui.stale">Données de {{ since() }} : elles n’ont pas pu être relues.</ng-container> <button type="button" class="link-button" (click)="retry.emit()" i18n="@@ui.retry">Réessayer</button></span></p>
    }
    @switch (state()) {
      @case ('ready') { <ng-content /> }
      @case ('loading') {
        <div class="lines" role="status">
          <span class="sr" i18n="@@ui.loading">Chargement…</span>
          @for (line of lines(); track line) { <span class="skeleton" [style.width.%]="100 - (line * 13) % 45"></span> }
        </div>
      }
      @case ('empty') {
        <div class="said"><cnp-icon [icon]="icons.Inbox" [size]="26" /><p>{{ empty() }}</p><ng-content select="[start]" /></div>
      }
      @case ('filtered-empty') {
        <div class="said" role="status">
          <cnp-icon [icon]="icons.SearchX" [size]="26" /><p>{{ filteredEmpty() }}</p>
          <button type="button" class="button small" (click)="clear.emit()" i18n="@@ui.clearFilters">Effacer les filtres</button>
        </div>
      }
      @case ('no-right') {
        <div class="said"><cnp-icon [icon]="icons.Lock" [size]="26" />
          <p i18n="@@ui.noRight">Votre compte n’a pas le droit « {{ right() }} ». Un administrateur peut l’accorder.</p>
        </div>
      }
      @case ('error') {
        <div class="said" role="alert">
          <cnp-icon [icon]="icons.CloudOff" [size]="26" />
          <p><strong>{{ failed() }}</strong></p>
          @if (problem(); as problem) { <p class="muted small">{{ problem.detail }} <span class="mono">({{ problem.code }})</span></p> }
          <button type="button" class="button small" (click)="retry.emit()"><cnp-icon [icon]="icons.RefreshCw" [size]="15" /><ng-container i18n="@@ui.retry">Réessayer</ng-container></button>
        </div>
      }
    }
  `,
  host: { '[attr.data-list]': 'name()', '[attr.data-state]': 'isStale() ? "stale" : state()' },
  styles: `
    :host { display: block; }
    .banner { margin: 0 0 10px; }
    :host-context(.card) .banner { margin: 0 16px 10px; }
    .lines { display: grid; gap: 18px; padding: 18px 16px; animation: appear 0s 0.15s both; }
    @keyframes appear { from { visibility: hidden; } to { visibility: visible; } }
    .said { display: grid; justify-items: center; gap: 8px; padding: 40px 20px; text-align: center; }
    .said > cnp-icon { color: var(--text-3); }
    p { max-width: 60ch; }
  `,
})
export class Shown {
  /** Of the list, among those of every screen. */
  readonly name = input('');
  readonly state = input.required<State>();
  readonly empty = input('');
  readonly filteredEmpty = input($localize`:@@ui.filteredEmpty:Rien ne correspond à ces filtres.`);
  /** What could not be done: « La liste des postes n’a pas pu être chargée. » */
  readonly failed = input($localize`:@@ui.failed:Ces données n’ont pas pu être chargées.`);
  readonly problem = input<Problem>();
  readonly right = input('read');
  readonly rows = input(6);
  readonly retry = output();
  readonly clear = output();
  private readonly now = inject(Now).ms;
  protected readonly icons = { CloudOff, Inbox, Lock, RefreshCw, SearchX };
  protected readonly isStale = computed(() => !!this.problem() && ['ready', 'empty', 'filtered-empty'].includes(this.state()));
  /** When what is shown was last known to be so: it ages from the moment it can no longer be read. */
  protected readonly since = computed(() => clock(this.known()));
  private readonly known = linkedSignal<{ bad: boolean; now: number }, number>({
    source: () => ({ bad: !!this.problem(), now: this.now() }),
    computation: ({ bad, now }, previous) => (bad && previous ? previous.value : now),
  });
  protected readonly lines = computed(() => Array.from({ length: this.rows() }, (_, line) => line));
}

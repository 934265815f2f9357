import { Component, computed, DestroyRef, effect, inject, input, signal } from '@angular/core';
import { Api, Message } from '@core/api/api';
import { bytes, count } from '@core/format';
import { Problem, problemOf } from '@core/problem';
import { Shown, State } from '@ui/shown';
import { Asked, byConsent, listed, Target } from './asked';
import { CONSENT } from './words';

const WAIT_MS = 400;

/** What a request would reach and bring, beside the wizard; asked again a moment after each change. */
@Component({
  selector: 'cnp-log-estimate',
  imports: [Shown],
  template: `
    <div class="card-head"><h2 i18n="@@logs.summary">Récapitulatif</h2></div>
    <div class="body">
      <p><span class="big num">{{ count(targets().length) }}</span>&ngsp;<ng-container i18n="@@logs.targeted">{targets().length, plural, =1 {poste visé} other {postes visés}}</ng-container></p>
      @if (left()) { <p class="warned small" i18n="@@logs.leftOut">{left(), plural, =1 {1 ligne de la liste ne désigne aucun poste : sans correction, elle est laissée de côté.} other {{{ left() }} lignes de la liste ne désignent aucun poste : sans correction, elles sont laissées de côté.}}</p> }
      @for (group of groups(); track group.consent) {
        <div><p class="label">{{ words[group.consent].word }} <span class="muted num">({{ count(group.devices) }})</span></p><p class="muted small">{{ listed(group.practices, 3) }}</p></div>
      }
    </div>
    @if (title()) {
      <cnp-shown name="logs-estimate" [state]="state()" [problem]="problem()" [rows]="2" (retry)="again()" i18n-failed="@@logs.estimateFailed" failed="Le volume n’a pas pu être estimé." i18n-empty="@@logs.estimateLacks" empty="L’estimation vient avec les postes et les journaux.">
        @if (found(); as found) {
          <dl class="facts" [class.stale]="isLoading()">
            <dt i18n="@@logs.what">Journaux</dt><dd>{{ title() }}</dd>
            <dt i18n="@@logs.volume">Volume estimé</dt><dd><strong class="num">{{ bytes(found.bytes_total) }}</strong></dd>
            <dt i18n="@@logs.volumeEach">par poste</dt><dd class="num">{{ bytes(found.bytes_per_device) }}</dd>
            @if (found.offline) { <dt i18n="@@logs.offline">Hors ligne</dt><dd class="num">{{ count(found.offline) }}</dd> }
            @if (found.asked) { <dt i18n="@@logs.mustAgree">Accord à obtenir</dt><dd class="num">{{ count(found.asked) }}</dd> }
          </dl>
          <p class="hint">{{ from() }}</p>
          @if (found.offline) { <p class="hint" i18n="@@logs.offlineSaid">Sur un poste hors ligne, la collecte commence à sa prochaine connexion, avant l’expiration de la demande.</p> }
          @if (found.over_total_budget) { <p class="warned small" role="status" i18n="@@logs.overTotal">Le volume total estimé dépasse le budget : les derniers postes ne pourront pas envoyer.</p> }
        }
      </cnp-shown>
    }
  `,
  host: { class: 'card' },
  styles: `
    :host { display: block; }
    .body { display: grid; gap: 12px; padding: 0 16px 14px; }
    .big { font-size: 28px; font-weight: 620; line-height: 1.2; }
    .facts { grid-template-columns: auto 1fr; gap: 4px 14px; padding: 14px 16px 0; border-top: 1px solid var(--line); font-size: 14.5px; }
    .facts dd { text-align: end; }
    .stale { opacity: 0.55; }
    .warned { color: var(--warn); font-weight: 600; }
    .hint, cnp-shown .warned { padding: 8px 16px 0; }
    cnp-shown { padding-bottom: 16px; }
  `,
})
export class LogEstimate {
  readonly targets = input.required<readonly Target[]>();
  readonly request = input.required<Asked | undefined>();
  /** Of the collection; empty while none is chosen. */
  readonly title = input('');
  /** Lines of a pasted list that stand for nothing. */
  readonly left = input(0);
  private readonly api = inject(Api);
  protected readonly found = signal<Message<'LogEstimate'> | undefined>(undefined);
  protected readonly problem = signal<Problem | undefined>(undefined);
  protected readonly isLoading = signal(false);
  protected readonly state = computed<State>(() => (!this.request() ? 'empty' : this.problem() ? 'error' : this.found() ? 'ready' : 'loading'));
  protected readonly groups = computed(() => byConsent(this.targets()));
  protected readonly from = computed(() => {
    const found = this.found();
    return found?.known_from === 'seen'
      ? $localize`:@@logs.fromSeen:Archives déjà reçues de cette collecte : ${count(found.archives_seen)}:n: ; trois sur quatre étaient plus petites.`
      : $localize`:@@logs.fromBudget:Rien n’a encore été reçu de cette collecte : c’est le maximum que permettent les budgets.`;
  });
  protected readonly words = CONSENT;
  protected readonly count = count;
  protected readonly bytes = bytes;
  protected readonly listed = listed;
  private asking = 0;
  private timer?: ReturnType<typeof setTimeout>;

  constructor() {
    inject(DestroyRef).onDestroy(() => this.asking++); // an answer that comes later is for nobody
    effect((cleanup) => {
      const request = this.request();
      this.timer = setTimeout(() => void this.ask(request), WAIT_MS);
      cleanup(() => clearTimeout(this.timer));
    });
  }

  protected again(): void {
    void this.ask(this.request());
  }

  private async ask(request: Asked | undefined): Promise<void> {
    const turn = ++this.asking;
    if (!request) {
      this.found.set(undefined);
      this.problem.set(undefined);
      return;
    }
    this.isLoading.set(true);
    try {
      const found = await this.api.post('/v1/log-requests/estimate', request);
      if (turn === this.asking) {
        this.found.set(found);
        this.problem.set(undefined);
      }
    } catch (error) {
      if (turn === this.asking) {
        this.problem.set(problemOf(error));
      }
    } finally {
      this.isLoading.set(turn !== this.asking);
    }
  }
}

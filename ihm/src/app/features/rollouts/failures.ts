import { Component, computed, inject, input, output } from '@angular/core';
import { Message, read } from '@core/api/api';
import { count } from '@core/format';
import { lastGood } from '@core/last-good';
import { Live } from '@core/live';
import { problemOf } from '@core/problem';
import { Ago } from '@ui/ago';
import { Shown, stateOf } from '@ui/shown';
import { deviceState } from './words';

export type Cause = Message<'FailureCause'>;

/** Failures of a campaign, grouped by step and reason: the cause that stops most devices comes first. */
@Component({
  selector: 'cnp-failures',
  imports: [Ago, Shown],
  template: `
    <div class="card-head"><h2 i18n="@@rollouts.failures">Échecs par cause</h2></div>
    <cnp-shown name="rollout-failures" [state]="state()" [problem]="problem()" (retry)="causes.reload()" [rows]="2" i18n-empty="@@rollouts.noFailure" empty="Aucun échec jusqu’ici.">
      <ul class="plain">
        @for (cause of rows(); track cause.state + cause.step + cause.code) {
          <li>
            <b class="num">{{ shown(cause.devices) }}</b>
            <div>
              <p class="said"><strong>{{ word(cause) }}</strong> @if (cause.step) { <ng-container i18n="@@rollouts.inStep">à l’étape</ng-container> <span class="mono">{{ cause.step }}</span> }
                @if (cause.code) { <span class="mono code">{{ cause.code }}</span> }</p>
              @if (cause.detail) { <p class="small detail">{{ cause.detail }}</p> }
              <p class="small muted"><ng-container i18n="@@rollouts.forInstance">par exemple</ng-container> {{ names(cause) }} · <cnp-ago [at]="cause.last_at" /></p>
              <div class="meter" aria-hidden="true"><i [style.width.%]="part(cause)"></i></div>
            </div>
            <button type="button" class="button small" (click)="chosen.emit(cause)" i18n="@@rollouts.seeDevices">Voir les postes</button>
          </li>
        }
      </ul>
    </cnp-shown>
  `,
  host: { class: 'card' },
  styles: `
    :host { display: block; }
    li { display: grid; grid-template-columns: 56px minmax(0, 1fr) auto; gap: 4px 14px; align-items: start; padding: 12px 16px; border-top: 1px solid var(--line); }
    b { color: var(--bad); font-size: 22px; line-height: 1.15; text-align: end; }
    .said { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 6px; }
    .code { color: var(--text-2); }
    .detail { overflow-wrap: anywhere; }
    .meter { height: 4px; margin-top: 6px; border-radius: 2px; background: var(--surface-3); }
    .meter i { display: block; height: 4px; min-width: 3px; border-radius: 2px; background: var(--bad-fill); }
    @media (max-width: 600px) { li { grid-template-columns: 44px minmax(0, 1fr); } li button { grid-column: 2; justify-self: start; } }
  `,
})
export class Failures {
  readonly campaign = input.required<string>();
  readonly chosen = output<Cause>();
  private readonly ran = inject(Live).topic('runs');
  protected readonly causes = read('/v1/campaigns/{campaign_id}/failures', () => {
    this.ran();
    return { path: { campaign_id: this.campaign() } };
  });
  private readonly page = lastGood(this.causes);
  protected readonly rows = computed(() => this.page()?.items ?? []);
  protected readonly problem = computed(() => (this.causes.error() ? problemOf(this.causes.error()) : undefined));
  protected readonly state = computed(() => stateOf(this.page()?.items.length, this.problem()));
  protected readonly shown = count;

  protected word(cause: Cause): string {
    return deviceState(cause.state).word;
  }

  protected names(cause: Cause): string {
    return cause.samples.slice(0, 3).map((one) => one.hostname).join(', ');
  }

  protected part(cause: Cause): number {
    return (100 * cause.devices) / this.rows().reduce((sum, one) => sum + one.devices, 0);
  }
}

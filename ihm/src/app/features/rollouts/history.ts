import { Component, computed, inject, input } from '@angular/core';
import { Message, read } from '@core/api/api';
import { lastGood } from '@core/last-good';
import { Live } from '@core/live';
import { problemOf } from '@core/problem';
import { Ago } from '@ui/ago';
import { Shown, stateOf } from '@ui/shown';
import { actionOf } from './words';

/** Who did what to a campaign, or to its document before it started. */
@Component({
  selector: 'cnp-rollout-history',
  imports: [Ago, Shown],
  template: `
    <div class="card-head"><h2 i18n="@@rollouts.history">Qui a fait quoi</h2></div>
    <cnp-shown name="rollout-history" [state]="state()" [problem]="problem()" (retry)="lines.reload()" [rows]="3" i18n-empty="@@rollouts.noHistory" empty="Rien n’a encore été noté.">
      <ol class="plain">
        @for (row of rows(); track row.id) {
          <li><span class="at muted small"><cnp-ago [at]="row.at" /></span><span><strong>{{ actor(row) }}</strong> {{ what(row) }}</span></li>
        }
      </ol>
    </cnp-shown>
  `,
  host: { class: 'card' },
  styles: `
    :host { display: block; }
    ol { padding: 0 16px 12px; }
    li { display: grid; grid-template-columns: 110px minmax(0, 1fr); gap: 10px; padding: 5px 0; overflow-wrap: anywhere; }
    .at { padding-top: 1px; }
  `,
})
export class RolloutHistory {
  readonly campaign = input.required<string>();
  private readonly changed = inject(Live).topic('campaigns');
  protected readonly lines = read('/v1/campaigns/{campaign_id}/audit', () => {
    this.changed();
    return { path: { campaign_id: this.campaign() }, query: { limit: 100 } };
  });
  private readonly page = lastGood(this.lines);
  protected readonly rows = computed(() => this.page()?.items ?? []);
  protected readonly problem = computed(() => (this.lines.error() ? problemOf(this.lines.error()) : undefined));
  protected readonly state = computed(() => stateOf(this.page()?.items.length, this.problem()));
  protected readonly what = actionOf;

  protected actor(row: Message<'AuditEntry'>): string {
    return row.actor === 'canopee' ? $localize`:@@rollouts.byItself:Canopée` : row.actor;
  }
}

import { Component, computed, inject, input, linkedSignal } from '@angular/core';
import { Message, read } from '@core/api/api';
import { count, share } from '@core/format';
import { lastGood } from '@core/last-good';
import { Live } from '@core/live';
import { problemOf } from '@core/problem';
import { Pager } from '@ui/pager';
import { Segments } from '@ui/segments';
import { Shown, stateOf } from '@ui/shown';
import { occurrenceSaid, Recurrence, recurrenceSaid } from './recurring';
import { ended, segments, success } from './words';

const PAGE = 7;

/** The occurrences of a campaign that recurs, the newest first: who answered each, and how well. */
@Component({
  selector: 'cnp-occurrences',
  imports: [Pager, Segments, Shown],
  template: `
    <div class="card-head">
      <h2 i18n="@@rollouts.occurrences">Occurrences</h2>
      <p class="muted small"><ng-container i18n="@@rollouts.occurrencesAt">{{ said() }}, à l’heure de chaque cabinet</ng-container></p>
    </div>
    <cnp-shown name="rollout-occurrences" [state]="state()" [problem]="problem()" (retry)="asked.reload()" [rows]="2" i18n-failed="@@rollouts.occurrencesFailed" failed="Les occurrences n’ont pas pu être chargées." i18n-empty="@@rollouts.noOccurrence" empty="La première n’est pas encore venue.">
      <ol class="plain">
        @for (one of rows(); track one.id) {
          <li>
            <strong class="num">{{ at(one.id) }}</strong>
            <cnp-segments [segments]="segmentsOf(one.states)" [legend]="false" />
            <span class="small muted num">{{ progress(one) }}</span>
          </li>
        }
      </ol>
      @if (before() || page()?.next) { <cnp-pager [hasPrevious]="!!before()" [hasNext]="!!page()?.next" (previous)="trail.set(trail().slice(0, -1))" (next)="older()"><ng-container i18n="@@rollouts.occurrencesKept">Gardées 31 jours</ng-container></cnp-pager> }
    </cnp-shown>
  `,
  host: { class: 'card' },
  styles: `
    :host { display: block; }
    li { display: grid; grid-template-columns: 170px minmax(0, 1fr) minmax(200px, max-content); gap: 4px 18px; align-items: center; padding: 9px 16px; border-top: 1px solid var(--line); }
    li:last-child { padding-bottom: 14px; }
    li > span { text-align: end; }
    @media (max-width: 700px) { li { grid-template-columns: minmax(0, 1fr); } li > span { text-align: start; } }
  `,
})
export class Occurrences {
  readonly campaign = input.required<string>();
  readonly every = input.required<Recurrence>();
  private readonly changed = inject(Live).topic('campaigns');
  private readonly ran = inject(Live).topic('runs');
  /** Cursors of the pages before this one. */
  protected readonly trail = linkedSignal<string, readonly string[]>({ source: this.campaign, computation: () => [] });
  protected readonly before = computed(() => this.trail().at(-1) ?? '');
  protected readonly asked = read('/v1/campaigns/{campaign_id}/occurrences', () => {
    this.changed();
    this.ran();
    return { path: { campaign_id: this.campaign() }, query: { after: this.before(), limit: PAGE } };
  });
  protected readonly page = lastGood(this.asked, () => this.campaign());
  protected readonly rows = computed(() => this.page()?.items ?? []);
  protected readonly problem = computed(() => (this.asked.error() ? problemOf(this.asked.error()) : undefined));
  protected readonly state = computed(() => stateOf(this.page()?.items.length, this.problem()));
  protected readonly said = computed(() => {
    const said = recurrenceSaid(this.every());
    return said.slice(0, 1).toUpperCase() + said.slice(1);
  });
  protected readonly at = occurrenceSaid;
  protected readonly segmentsOf = segments;

  protected older(): void {
    const next = this.page()?.next;
    if (next) {
      this.trail.set([...this.trail(), next]);
    }
  }

  protected progress({ states, total }: Message<'Occurrence'>): string {
    const rate = success(states);
    const answered = $localize`:@@rollouts.occurrenceAnswers:${count(ended(states))}:n: réponses sur ${count(total)}:of:`;
    return rate === null ? answered : $localize`:@@rollouts.occurrenceRate:${answered}:answers:, ${share(rate)}:rate: de réussite`;
  }
}

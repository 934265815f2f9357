import { Component, computed, inject, input, output } from '@angular/core';
import { count, day } from '@core/format';
import { Now } from '@core/now';
import { wallOf } from './cron';
import { Days } from './days';
import { nextTimes, occurrenceSaid, Part, recurrenceFault, recurrenceOf, recurrenceSaid, Repeated, repeatedFault, Rhythm } from './recurring';
import { timeOf } from './weekly';

const SHOWN = 4;
/** Days that every month has. */
const SAFE_DAY = 28;

/** Once, or again and again: how often, in words, and when next. */
@Component({
  selector: 'cnp-recurrence',
  imports: [Days],
  templateUrl: './recurrence.html',
  styles: `
    :host { display: grid; gap: 12px; }
    fieldset { display: flex; flex-wrap: wrap; gap: 6px 22px; margin: 0; padding: 0; border: 0; }
    legend { margin-bottom: 6px; padding: 0; }
    .box { display: grid; gap: 12px; padding: 12px 14px; border: 1px solid var(--line); border-radius: var(--radius); }
    .parts { display: flex; flex-wrap: wrap; gap: 12px 18px; align-items: start; }
    .short { width: 150px; }
    .time { width: 90px; }
    .cron { flex: 1 1 300px; }
    .said { display: grid; gap: 6px; }
    .said p::first-letter { text-transform: uppercase; }
    .said:empty { display: none; }
    .times { display: flex; flex-wrap: wrap; gap: 6px; align-items: center; }
    @media (max-width: 600px) { .short { flex: 1; } }
  `,
})
export class RecurrenceEditor {
  readonly value = input.required<Repeated>();
  /** Days that the campaign lasts. */
  readonly lasts = input.required<number>();
  /** Why the API refuses it. */
  readonly refused = input('');
  readonly changed = output<Repeated>();
  private readonly now = inject(Now).ms;
  protected readonly timeOf = timeOf;
  protected readonly at = occurrenceSaid;
  protected readonly rhythms: readonly { readonly id: Rhythm; readonly label: string }[] = [
    { id: 'once', label: $localize`:@@rollouts.rhythmOnce:Une fois` },
    { id: 'daily', label: $localize`:@@rollouts.rhythmDaily:Tous les jours` },
    { id: 'workdays', label: $localize`:@@rollouts.rhythmWorkdays:Jours ouvrés` },
    { id: 'weekly', label: $localize`:@@rollouts.rhythmWeekly:Chaque semaine` },
    { id: 'monthly', label: $localize`:@@rollouts.rhythmMonthly:Chaque mois` },
    { id: 'cron', label: $localize`:@@rollouts.rhythmCron:Expression cron` },
  ];
  private readonly fault = computed(() => repeatedFault(this.value()));
  protected readonly wrong = computed(() => recurrenceFault(this.value(), wallOf(this.now()), this.lasts()) || this.refused());
  private readonly sound = computed(() => (this.fault() ? null : recurrenceOf(this.value())));
  protected readonly said = computed(() => {
    const sound = this.sound();
    return sound ? recurrenceSaid(sound) : '';
  });
  private readonly ends = computed(() => this.now() + (Number.isFinite(this.lasts()) ? this.lasts() : 0) * 86_400_000);
  protected readonly next = computed(() => {
    const sound = this.sound();
    return sound ? nextTimes(sound, wallOf(this.now()), wallOf(this.ends()), SHOWN) : { first: [], total: 0 };
  });
  protected readonly more = computed(() => $localize`:@@rollouts.everyTotal:… ${count(this.next().total)}:n: fois d’ici le ${day(this.ends())}:day:`);
  protected readonly skipsMonths = computed(() => this.value().rhythm === 'monthly' && this.value().monthDay > SAFE_DAY && !!this.sound());

  protected set(change: Partial<Repeated>): void {
    this.changed.emit({ ...this.value(), ...change });
  }

  protected isWrong(part: Part): boolean {
    return this.fault()?.at === part || (!!this.refused() && !this.fault() && part !== 'spread');
  }
}

import { Component, computed, DestroyRef, effect, inject, input, output, signal } from '@angular/core';
import { Api, Message } from '@core/api/api';
import { bytes, count } from '@core/format';
import { Problem, problemOf } from '@core/problem';
import { Segment, Segments } from '@ui/segments';
import { Shown, State } from '@ui/shown';
import { freezeSaid } from './freeze-said';
import { Asked } from './request';
import { moment, partOf } from './words';

const WAIT_MS = 400;

export interface Answered {
  readonly found?: Message<'CampaignPreview'>;
  readonly problem?: Problem;
}

/** Whom a campaign would reach now, ring by ring, and what it costs; asked again a moment after each change. */
@Component({
  selector: 'cnp-rollout-preview',
  imports: [Segments, Shown],
  templateUrl: './preview.html',
  host: { class: 'card' },
  styles: `
    :host { display: block; }
    .big { font-size: 28px; font-weight: 620; line-height: 1.2; }
    .body { display: grid; gap: 14px; padding: 0 16px 16px; }
    .stale { opacity: 0.55; }
    table { width: 100%; font-size: 14.5px; font-variant-numeric: tabular-nums; }
    th { padding: 4px 0; color: var(--text-2); font-weight: 600; text-align: start; }
    td { padding: 4px 0; border-top: 1px solid var(--line); }
    .end { text-align: end; }
    .tests { display: grid; gap: 4px; font-size: 14px; }
    .tests li { display: flex; justify-content: space-between; gap: 12px; }
    .tests code { min-width: 0; overflow-wrap: anywhere; }
    .facts { grid-template-columns: auto 1fr; font-size: 14.5px; gap: 4px 14px; }
    .facts dd { text-align: end; }
    .warned { color: var(--warn); font-weight: 600; }
  `,
})
export class RolloutPreview {
  readonly request = input.required<Asked | undefined>();
  /** What it would do, and why the API refuses it: one of the two. */
  readonly answered = output<Answered>();
  private readonly api = inject(Api);
  protected readonly found = signal<Message<'CampaignPreview'> | undefined>(undefined);
  protected readonly problem = signal<Problem | undefined>(undefined);
  protected readonly isLoading = signal(false);
  protected readonly count = count;
  protected readonly bytes = bytes;
  protected readonly moment = moment;
  protected readonly partOf = partOf;
  protected readonly freezeOf = freezeSaid;
  protected readonly state = computed<State>(() => (this.problem() ? 'error' : this.found() ? 'ready' : this.request() ? 'loading' : 'empty'));
  protected readonly presence = computed<Segment[]>(() => {
    const { online, late, offline } = (this.found()?.presence ?? {}) as Record<string, number>;
    return [
      { label: $localize`:@@rollouts.online:En ligne`, value: online ?? 0, tone: 'ok' },
      { label: $localize`:@@rollouts.late:En retard`, value: late ?? 0, tone: 'warn' },
      { label: $localize`:@@rollouts.offlineNow:Hors ligne`, value: offline ?? 0, tone: 'idle' },
    ];
  });
  protected readonly each = computed(() => this.found()?.bytes_per_device.reduce((sum, one) => sum + one.bytes, 0));
  protected readonly agents = computed(() => Object.entries(this.found()?.agents ?? {}).map(([version, n]) => `${version || '?'} (${count(n)})`).join(', '));
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
      return;
    }
    this.isLoading.set(true);
    try {
      const found = await this.api.post('/v1/campaigns/preview', request);
      if (turn === this.asking) {
        this.found.set(found);
        this.problem.set(undefined);
        this.answered.emit({ found });
      }
    } catch (error) {
      if (turn === this.asking) {
        const problem = problemOf(error);
        this.problem.set(problem);
        this.answered.emit({ problem });
      }
    } finally {
      this.isLoading.set(turn !== this.asking);
    }
  }
}

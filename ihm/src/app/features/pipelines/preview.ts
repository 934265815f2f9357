import { Component, computed, effect, inject, input, signal } from '@angular/core';
import { Api, Message } from '@core/api/api';
import { count } from '@core/format';
import { Problem, problemOf } from '@core/problem';
import { Status } from '@ui/status';
import { DevicePicker, Picked } from './device-picker';
import { WhyNot } from './why-not';

type Condition = Record<string, unknown>;
type Devices = readonly Message<'Device'>[];

const SAMPLE = 6;
const WAIT_MS = 350;

/** Whom the condition reaches now: how many, what differs from the version in service, a few of them, and why not this one. */
@Component({
  selector: 'cnp-preview',
  imports: [DevicePicker, Status, WhyNot],
  templateUrl: './preview.html',
  styleUrl: './preview.scss',
  host: { class: 'card' },
})
export class Preview {
  /** Of the last text without faults; `undefined`: not known yet. */
  readonly condition = input.required<Condition | undefined>();
  /** Of the version in service, when there is one. */
  readonly inService = input<Condition | undefined>();
  readonly serviceVersion = input<number | null>(null);
  readonly isOutdated = input(false);
  protected readonly matched = signal<Message<'Matched'> | undefined>(undefined);
  protected readonly entering = signal<number | undefined>(undefined);
  protected readonly leaving = signal<number | undefined>(undefined);
  protected readonly sample = signal<Devices>([]);
  protected readonly problem = signal<Problem | undefined>(undefined);
  protected readonly isLoading = signal(false);
  protected readonly asked = signal<Picked | undefined>(undefined);
  protected readonly count = count;
  protected readonly differs = computed(() => !!this.inService() && JSON.stringify(this.inService()) !== JSON.stringify(this.condition()));
  private readonly api = inject(Api);
  private turn = 0;

  constructor() {
    effect((clean) => {
      const [condition, held] = [this.condition(), this.inService()];
      if (!condition) return;
      const timer = setTimeout(() => void this.look(condition, held), WAIT_MS);
      clean(() => clearTimeout(timer));
    });
  }

  protected stateOf(device: Devices[number]): { tone: 'ok' | 'idle' | 'warn'; label: string } {
    if (device.state === 'online') return { tone: 'ok', label: $localize`:@@pipelines.preview.online:En ligne` };
    if (device.state === 'suspect') return { tone: 'warn', label: $localize`:@@pipelines.preview.suspect:Identité douteuse` };
    return { tone: 'idle', label: $localize`:@@pipelines.preview.offline:Hors ligne` };
  }

  private async look(condition: Condition, held: Condition | undefined): Promise<void> {
    const turn = ++this.turn;
    this.isLoading.set(true);
    try {
      const isOther = this.differs() && held;
      const countOf = async (one: Condition) => (await this.api.post('/v1/match', { condition: one, limit: 0, after: '', counts: true })).total ?? undefined;
      const [matched, sample, entering, leaving] = await Promise.all([
        this.api.post('/v1/match', { condition, limit: 1, after: '', counts: true }),
        this.api.get('/v1/devices', { query: { condition: JSON.stringify(condition), limit: SAMPLE } }),
        isOther ? countOf({ all: [condition, { not: held }] }) : undefined,
        isOther ? countOf({ all: [held, { not: condition }] }) : undefined,
      ]);
      if (turn !== this.turn) return; // a later text was asked about
      this.matched.set(matched);
      this.sample.set(sample.items);
      this.entering.set(entering);
      this.leaving.set(leaving);
      this.problem.set(undefined);
    } catch (error) {
      if (turn === this.turn) this.problem.set(problemOf(error));
    } finally {
      if (turn === this.turn) this.isLoading.set(false);
    }
  }
}

import { Component, computed, ElementRef, inject, input, model, signal, viewChild } from '@angular/core';
import { RouterLink } from '@angular/router';
import { Dices, Eye, RotateCcw } from 'lucide';
import { Api, read } from '@core/api/api';
import { count } from '@core/format';
import { lastGood } from '@core/last-good';
import { Live } from '@core/live';
import { Problem, problemOf } from '@core/problem';
import { Ago } from '@ui/ago';
import { Foreseen } from '@ui/foreseen';
import { Icon } from '@ui/icon';
import { Shown, stateOf } from '@ui/shown';
import { Status } from '@ui/status';
import { Chosen, ChooseDevices } from './choosing';
import { Asked } from './request';
import { AT_RANDOM, grouped, MOST_TRIED, outcomeOf, reachedBy, sample } from './tried';

/** A trial is of now: a device that is off that long is not waited for. */
const LASTS_S = 3_600;
/** A sample is taken of those that were heard of last: they answer at once. */
const AMONG = 200;

/** What a campaign would do on a few of its devices, which say so themselves, before anybody signs it. */
@Component({
  selector: 'cnp-trial',
  imports: [Ago, ChooseDevices, Foreseen, Icon, RouterLink, Shown, Status],
  templateUrl: './trial.html',
  styles: `
    :host { display: grid; gap: 10px; }
    .head { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; justify-content: space-between; }
    h3 { font-size: 16px; }
    .send { justify-self: start; }
    .groups { display: grid; gap: 8px; margin-top: 8px; }
    .groups > li { padding: 10px 14px; border: 1px solid var(--line); border-radius: var(--radius); }
    .names { display: flex; flex-wrap: wrap; gap: 4px 12px; align-items: center; }
    .wrap { overflow-wrap: anywhere; }
    cnp-foreseen { display: block; margin-top: 4px; }
  `,
})
export class Trial {
  readonly asked = input.required<Pick<Asked, 'pipeline' | 'parameters' | 'condition'>>();
  /** Id of the trial under way, or empty. */
  readonly campaign = model('');
  private readonly title = viewChild.required<ElementRef<HTMLElement>>('title');
  private readonly api = inject(Api);
  private readonly ran = inject(Live).topic('runs');
  protected readonly chosen = signal<readonly Chosen[]>([]);
  protected readonly isBusy = signal(false);
  protected readonly problem = signal<Problem | undefined>(undefined);
  protected readonly hint = signal('');
  protected readonly most = MOST_TRIED;
  protected readonly random = AT_RANDOM;
  protected readonly icons = { Dices, Eye, RotateCcw };
  protected readonly outcome = outcomeOf;
  protected readonly condition = computed(() => reachedBy(this.asked().condition));
  private readonly runs = read('/v1/runs', () => {
    this.ran();
    return this.campaign() ? { query: { campaign: this.campaign(), limit: MOST_TRIED } } : undefined;
  });
  private readonly places = read('/v1/campaigns/{campaign_id}/devices', () => {
    this.ran();
    return this.campaign() ? { path: { campaign_id: this.campaign() }, query: { limit: MOST_TRIED } } : undefined;
  });
  private readonly heldRuns = lastGood(this.runs, () => this.campaign());
  private readonly heldPlaces = lastGood(this.places, () => this.campaign());
  private readonly devices = computed(() => this.heldPlaces()?.items ?? []);
  protected readonly told = computed(() => grouped(this.heldRuns()?.items ?? [], this.devices()));
  protected readonly waiting = computed(() => {
    const ran = new Set(this.heldRuns()?.items.map((run) => run.device_id));
    return this.devices().filter((one) => !ran.has(one.id));
  });
  protected readonly failed = computed(() => {
    const error = this.places.error() ?? this.runs.error();
    return error ? problemOf(error) : undefined;
  });
  protected readonly state = computed(() => stateOf(this.heldPlaces() && this.heldRuns() && this.devices().length, this.failed()));
  protected readonly progress = computed(() => {
    const [all, left] = [this.devices().length, this.waiting().length];
    return $localize`:@@rollouts.tryProgress:${count(all - left)}:n: poste(s) sur ${count(all)}:of: ont répondu ; rien n’y est fait.`;
  });
  protected readonly action = computed(() => {
    const n = this.chosen().length;
    return n > 1 ? $localize`:@@rollouts.trySend:Essayer à blanc sur ${n}:n: postes` : $localize`:@@rollouts.trySendOne:Essayer à blanc`;
  });

  protected reload(): void {
    this.runs.reload();
    this.places.reload();
  }

  /** What had the focus goes: whoever uses the keyboard goes on from the title. */
  protected show(campaign: string): void {
    this.campaign.set(campaign);
    this.title().nativeElement.focus();
  }

  protected atRandom(): Promise<void> {
    return this.ask(async () => {
      const found = await this.someReached();
      this.chosen.set(found.map(({ id, hostname }) => ({ id, hostname })));
      this.hint.set(found.length ? '' : $localize`:@@rollouts.tryNoneOn:Aucun poste visé n’est en ligne en ce moment : cherchez-en un par son nom, il répondra à son retour.`);
    });
  }

  protected send(): Promise<void> {
    return this.ask(async () => {
      const { pipeline, parameters } = this.asked();
      const started = await this.api.post('/v1/dry-runs', { pipeline, parameters, devices: this.chosen().map((one) => one.id), expires_in_s: LASTS_S });
      this.show(started.id);
    });
  }

  /** Some that are on, of those that it reaches; of a condition too long for an address, on or not. */
  private async someReached(): Promise<readonly Chosen[]> {
    const condition = this.condition();
    if (condition) {
      return sample((await this.api.get('/v1/devices', { query: { condition, state: ['online'], sort: '-last_seen', limit: AMONG } })).items, AT_RANDOM);
    }
    const { device_ids } = await this.api.post('/v1/match', { condition: this.asked().condition, limit: AMONG, after: '', counts: false });
    return Promise.all(sample(device_ids, AT_RANDOM).map((device_id) => this.api.get('/v1/devices/{device_id}', { path: { device_id } })));
  }

  private async ask(call: () => Promise<void>): Promise<void> {
    this.isBusy.set(true);
    try {
      await call();
      this.problem.set(undefined);
    } catch (error) {
      this.problem.set(problemOf(error));
    } finally {
      this.isBusy.set(false);
    }
  }
}

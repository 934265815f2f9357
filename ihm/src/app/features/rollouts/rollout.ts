import { Component, computed, effect, inject, input, signal } from '@angular/core';
import { Router, RouterLink } from '@angular/router';
import { CirclePause, CirclePlay, CircleStop, FastForward, RotateCcw, Undo2 } from 'lucide';
import { read } from '@core/api/api';
import { count, share } from '@core/format';
import { lastGood } from '@core/last-good';
import { Live } from '@core/live';
import { Now } from '@core/now';
import { problemOf } from '@core/problem';
import { Session } from '@core/session';
import { Ago } from '@ui/ago';
import { Icon } from '@ui/icon';
import { PageHeader } from '@ui/page-header';
import { Segments } from '@ui/segments';
import { Shown, stateOf } from '@ui/shown';
import { Status } from '@ui/status';
import { Act, Acting } from './acting';
import { wallOf } from './cron';
import { RolloutDevices } from './devices';
import { Cause, Failures } from './failures';
import { RolloutFigures } from './figures';
import { RolloutHistory } from './history';
import { Occurrences } from './occurrences';
import { beforeSaid } from './prerequisites';
import { reasonOf } from './reasons';
import { nextTimes, occurrenceSaid, recurrenceSaid } from './recurring';
import { Track } from './track';
import { windowSaid } from './weekly';
import { bad, Campaign, campaignState, ended, inTime, moment, nextRingAt, segments, success } from './words';

/** One campaign: where it stands, what it waits for, what went wrong, and only what can be done now. */
@Component({
  selector: 'cnp-rollout',
  imports: [Ago, Failures, Icon, Occurrences, PageHeader, RolloutDevices, RolloutFigures, RolloutHistory, RouterLink, Segments, Shown, Status, Track],
  templateUrl: './rollout.html',
  styleUrl: './rollout.scss',
})
export class Rollout {
  readonly id = input.required<string>();
  readonly etat = input<string>();
  readonly palier = input<string>();
  readonly etape = input<string>();
  readonly code = input<string>();
  readonly q = input<string>();
  readonly apres = input<string>();
  private readonly router = inject(Router);
  private readonly session = inject(Session);
  private readonly acting = inject(Acting);
  private readonly now = inject(Now).ms;
  private readonly changed = inject(Live).topic('campaigns');
  private readonly ran = inject(Live).topic('runs');
  private readonly asked = read('/v1/campaigns/{campaign_id}', () => {
    this.changed();
    this.ran();
    this.now(); // what it waits for is a matter of time
    return { path: { campaign_id: this.id() } };
  });
  protected readonly campaign = lastGood(this.asked, () => this.id());
  protected readonly problem = computed(() => (this.asked.error() ? problemOf(this.asked.error()) : undefined));
  protected readonly state = computed(() => stateOf(this.campaign() && 1, this.problem()));
  protected readonly refused = signal('');
  protected readonly busy = this.acting.busy;
  protected readonly icons = { CirclePause, CirclePlay, CircleStop, FastForward, RotateCcw, Undo2 };
  protected readonly stateOf = campaignState;
  protected readonly segmentsOf = segments;
  protected readonly moment = moment;
  protected readonly windowOf = windowSaid;
  protected readonly everyOf = recurrenceSaid;
  protected readonly share = share;
  protected readonly count = count;
  protected readonly reason = computed(() => {
    const campaign = this.campaign();
    return campaign ? reasonOf(campaign) : '';
  });
  protected readonly condition = computed(() => JSON.stringify(this.campaign()?.condition, null, 2));
  protected readonly parameters = computed(() => Object.entries(this.campaign()?.parameters ?? {}));
  protected readonly answered = computed(() => {
    const campaign = this.campaign();
    return campaign ? $localize`:@@rollouts.answered:${count(ended(campaign.states))}:n: sur ${count(campaign.total)}:of:` : '';
  });
  protected readonly rate = computed(() => share(success(this.campaign()?.states ?? {})));
  /** When its next ring may open: « dans 2 h ». */
  protected readonly next = computed(() => {
    const campaign = this.campaign();
    return campaign ? inTime(nextRingAt(campaign), this.now()) : '';
  });
  /** Of one that recurs and is under way, by the clock of who looks. */
  protected readonly nextTime = computed(() => {
    const [campaign, now] = [this.campaign(), this.now()];
    const [first] = campaign?.recurrence && campaign.state === 'running' ? nextTimes(campaign.recurrence, wallOf(now), wallOf(Date.parse(campaign.not_after)), 1).first : [];
    return first === undefined ? '' : occurrenceSaid(first);
  });
  protected readonly failed = computed(() => bad(this.campaign()?.states ?? {}));

  constructor() {
    effect(() => {
      if (this.problem()?.status === 404) { // it may not have started yet
        void this.router.navigate(['/deploiements', 'documents', this.id()], { replaceUrl: true });
      }
    });
  }

  /** Only the buttons of the state, and of who looks. */
  protected readonly may = computed(() => {
    const campaign = this.campaign();
    const [runs, acts] = [this.session.may('run_collect'), this.session.may('run_action')];
    const isAlive = !!campaign && ['running', 'paused', 'halted'].includes(campaign.state);
    const isHeld = campaign?.state === 'paused' || campaign?.state === 'halted';
    const next = campaign?.rings.find((ring) => !ring.is_open);
    return {
      pause: runs && campaign?.state === 'running',
      resume: acts && isHeld,
      promote: acts && campaign?.state === 'running' && !!next,
      /** The date of the next ring is signed: no PC begins sooner. */
      promoteLater: !!next && Date.parse(next.not_before) > this.now(),
      stop: runs && isAlive,
      retry: runs && this.failed() > 0 && campaign?.state !== 'running',
      rollback: runs && !!campaign?.is_signed && !!campaign && campaign.state !== 'running',
    };
  });

  protected promoteTitle(): string {
    const next = this.campaign()?.rings.find((ring) => !ring.is_open);
    return next && this.may().promoteLater
      ? $localize`:@@rollouts.promoteDate:Pas avant le ${moment(next.not_before)}:at: : cette date est signée, chaque poste la vérifie`
      : '';
  }

  protected async act(act: Act): Promise<void> {
    const campaign = this.campaign();
    if (campaign && !this.busy()) {
      this.refused.set(await this.acting.act(act, campaign));
      this.asked.reload();
    }
  }

  protected beforeOf({ pipeline, version }: Campaign['after'][number]): string {
    return beforeSaid({ name: pipeline, version });
  }

  protected retry(): void {
    this.asked.reload();
  }

  protected showRing(place: number): void {
    this.show({ palier: String(place + 1) });
  }

  protected showCause(cause: Cause): void {
    this.show({ etat: cause.state, etape: cause.step || undefined, code: cause.code || undefined });
  }

  private show(params: Record<string, string | undefined>): void {
    const none = { etat: undefined, palier: undefined, etape: undefined, code: undefined, q: undefined, apres: undefined };
    void this.router.navigate([], { queryParams: { ...none, ...params }, queryParamsHandling: 'merge' });
    document.getElementById('postes')?.scrollIntoView({ block: 'start' });
  }
}

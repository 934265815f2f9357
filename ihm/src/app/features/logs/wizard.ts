import { Component, computed, inject, input, linkedSignal, signal } from '@angular/core';
import { Router, RouterLink } from '@angular/router';
import { ArrowLeft, ArrowRight, Check, Send } from 'lucide';
import { Api } from '@core/api/api';
import { count, day } from '@core/format';
import { Now } from '@core/now';
import { Sending } from '@core/sending';
import { Session } from '@core/session';
import { Icon } from '@ui/icon';
import { PageHeader } from '@ui/page-header';
import { Value } from '@ui/parameters';
import { Shown, stateOf } from '@ui/shown';
import { Toast } from '@ui/toast';
import { askedOf, byConsent, ConsentGroup, limitFaults, Limits, listed, NO_WORDS, Target, USUAL, wordFaults, Words } from './asked';
import { collections } from './collections';
import { LogEstimate } from './estimate';
import { LogParameters } from './parameters';
import { LogTargets } from './targets';
import { CONSENT } from './words';

const STEPS = [$localize`:@@logs.step1:Postes`, $localize`:@@logs.step2:Journaux`, $localize`:@@logs.step3:Confirmation`];
const DAY_MS = 86_400_000;

/** A log request in three steps: which PCs, which logs, why; what it reaches and brings is told all along. */
@Component({
  selector: 'cnp-log-wizard',
  imports: [Icon, LogEstimate, LogParameters, LogTargets, PageHeader, RouterLink, Shown],
  templateUrl: './wizard.html',
  styleUrl: './wizard.scss',
})
export class LogWizard {
  readonly etape = input<string>();
  readonly postes = input<string>();
  readonly selection = input<string>();
  /** Name of a collection, when another screen names one. */
  readonly pipeline = input<string>();
  private readonly api = inject(Api);
  private readonly router = inject(Router);
  private readonly toast = inject(Toast);
  private readonly now = inject(Now).ms;
  protected readonly may = inject(Session).may('request_logs');
  protected readonly sending = new Sending();
  protected readonly steps = STEPS;
  protected readonly step = computed(() => Math.min(Math.max(Number(this.etape() ?? 1) || 1, 1), STEPS.length));
  protected readonly devices = signal<readonly Target[]>([]);
  protected readonly known = collections();
  protected readonly collected = computed(() => stateOf(this.known.list()?.length, this.known.problem()));
  protected readonly chosen = linkedSignal(() => {
    const list = this.known.list() ?? [];
    return (list.find((one) => one.name === this.pipeline()) ?? (list.length === 1 ? list[0] : undefined))?.id ?? '';
  });
  protected readonly collection = computed(() => this.known.list()?.find((one) => one.id === this.chosen()));
  protected readonly values = linkedSignal<string, Readonly<Record<string, Value>>>({ source: this.chosen, computation: () => ({}) });
  protected readonly limits = signal<Limits>(USUAL);
  protected readonly words = signal<Words>(NO_WORDS);
  protected readonly limitFaults = computed(() => limitFaults(this.limits()));
  /** Whether somebody tried to leave the step that is shown, or to send. */
  private readonly tried = signal(0);
  protected readonly wordFaults = computed(() => (this.tried() === STEPS.length ? wordFaults(this.words()) : {}));
  /** What the step lacks as a whole: what is wrong with a field is told at it. */
  protected readonly fault = computed(() => {
    const isWhole = this.step() === 1 || (this.step() === 2 && !this.collection());
    return this.tried() === this.step() && isWhole ? this.lacks(this.step()) : '';
  });
  protected readonly refused = signal('');
  protected readonly groups = computed(() => byConsent(this.devices()));
  protected readonly request = computed(() => askedOf(this.devices(), this.chosen(), this.values(), this.limits(), this.words()));
  /** What is estimated, once there is something to: the words change nothing. */
  protected readonly estimated = computed(() => {
    const isWhole = this.devices().length && this.collection() && !Object.keys(this.limitFaults()).length;
    return isWhole ? askedOf(this.devices(), this.chosen(), this.values(), this.limits(), NO_WORDS) : undefined;
  });
  protected readonly expiresSaid = computed(() => (this.limitFaults().expiresDays ? '' : $localize`:@@logs.expiresSaid:Un poste éteint jusqu’au ${day(this.now() + this.limits().expiresDays * DAY_MS)}:day: n’envoie rien.`));
  protected readonly keepSaid = computed(() => (this.limitFaults().keepDays ? '' : $localize`:@@logs.keepSaid:Le ${day(this.now() + this.limits().keepDays * DAY_MS)}:day:, tout est effacé, ici et sur les postes.`));
  protected readonly consents = CONSENT;
  protected readonly listed = listed;
  protected readonly icons = { ArrowLeft, ArrowRight, Check, Send };

  protected async go(step: number): Promise<void> {
    const lacking = step > this.step() ? this.firstLacking(step - 1) : 0;
    this.tried.set(lacking);
    if (lacking && lacking === this.step()) {
      this.focusFault();
      return;
    }
    await this.router.navigate([], { queryParams: { etape: (lacking || step) > 1 ? lacking || step : null }, queryParamsHandling: 'merge' });
    setTimeout(() => document.querySelector<HTMLElement>('.step-title')?.focus());
  }

  protected async finish(): Promise<void> {
    const lacking = this.firstLacking(STEPS.length);
    this.tried.set(lacking);
    if (lacking) {
      await this.router.navigate([], { queryParams: { etape: lacking > 1 ? lacking : null }, queryParamsHandling: 'merge' });
      this.focusFault();
      return;
    }
    let id = '';
    this.refused.set(await this.sending.run(async () => (id = (await this.api.post('/v1/log-requests', this.request())).id)));
    if (id) {
      this.toast.say($localize`:@@logs.asked:Journaux demandés : ${count(this.devices().length)}:n: poste(s)`);
      await this.router.navigate(['/journaux', id]);
    }
  }

  protected limit(change: Partial<Limits>): void {
    this.limits.update((limits) => ({ ...limits, ...change }));
  }

  protected write(change: Partial<Words>): void {
    this.words.update((words) => ({ ...words, ...change }));
  }

  protected countOf(group: ConsentGroup): string {
    return $localize`:@@logs.groupOf:${count(group.devices)}:n: poste(s) de`;
  }

  private firstLacking(last: number): number {
    return [1, 2, 3].find((step) => step <= last && this.lacks(step)) ?? 0;
  }

  private lacks(step: number): string {
    if (step === 1) {
      return this.devices().length ? '' : $localize`:@@logs.lacksDevice:Choisissez au moins un poste pour continuer.`;
    }
    const faults = this.limitFaults();
    if (step === 2) {
      return !this.collection() ? $localize`:@@logs.lacksCollection:Choisissez les journaux à collecter.` : (faults.eachMb ?? faults.allMb ?? '');
    }
    return Object.values(wordFaults(this.words()))[0] ?? faults.expiresDays ?? faults.keepDays ?? '';
  }

  private focusFault(): void {
    setTimeout(() => document.querySelector<HTMLElement>('.form > :not([hidden]) [aria-invalid=true]')?.focus());
  }
}

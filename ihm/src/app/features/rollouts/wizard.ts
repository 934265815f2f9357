import { Component, computed, effect, inject, input, linkedSignal, signal } from '@angular/core';
import { Router, RouterLink } from '@angular/router';
import { ArrowLeft, ArrowRight, Check, CircleAlert } from 'lucide';
import { Api, read } from '@core/api/api';
import { count } from '@core/format';
import { lastGood } from '@core/last-good';
import { Now } from '@core/now';
import { problemOf } from '@core/problem';
import { Session } from '@core/session';
import { Confirm } from '@ui/confirm';
import { Icon } from '@ui/icon';
import { PageHeader } from '@ui/page-header';
import { Parameters, Schema, Value } from '@ui/parameters';
import { Shown, stateOf } from '@ui/shown';
import { Chosen, ChooseDevices } from './choosing';
import { Condition, ConditionEditor } from './condition';
import { wallOf } from './cron';
import { afterOf, Before, Prerequisites } from './prerequisites';
import { Answered, RolloutPreview } from './preview';
import { RecurrenceEditor } from './recurrence';
import { ONCE, recurrenceFault, recurrenceOf, recurrenceSaid, Repeated } from './recurring';
import { Asked } from './request';
import { Review } from './review';
import { Written } from './signal-rows';
import { SignalsEditor } from './signals';
import { ringsIn, Thresholds, USUAL } from './thresholds';
import { ANY_TIME, Timing, TimingEditor, timingFault } from './timing';
import { Trial } from './trial';
import { triedOf } from './tried';
import { windowFault } from './weekly';

const STEPS = [
  $localize`:@@rollouts.step1:Pipeline`,
  $localize`:@@rollouts.step2:Postes`,
  $localize`:@@rollouts.step3:Paliers et seuils`,
  $localize`:@@rollouts.stepTime:Horaires et cadence`,
  $localize`:@@rollouts.step4:Vérification`,
];
/** Where what the API refuses is to be mended, by the beginning of its code. */
const MENDED: readonly (readonly [string, number])[] = [
  ['campaign.rings', 3], ['campaign.rollout', 3], ['campaign.signals', 3], ['campaign.windows', 4], ['campaign.expiry', 4], ['campaign.recurrence', 4], ['campaign.after', 2], ['campaign.pilots', 2], ['condition', 2],
];

/** A new campaign in five steps; who it reaches is counted all along, and nothing starts before somebody has seen it. */
@Component({
  selector: 'cnp-rollout-wizard',
  imports: [ChooseDevices, ConditionEditor, Icon, PageHeader, Parameters, Prerequisites, RecurrenceEditor, Review, RolloutPreview, RouterLink, Shown, SignalsEditor, Thresholds, TimingEditor, Trial],
  templateUrl: './wizard.html',
  styleUrl: './wizard.scss',
})
export class RolloutWizard {
  readonly etape = input<string>();
  /** `name@version`, or `name` for its newest, when another screen names one. */
  readonly pipeline = input<string>();
  private readonly api = inject(Api);
  private readonly router = inject(Router);
  private readonly confirm = inject(Confirm);
  private readonly session = inject(Session);
  private readonly now = inject(Now).ms;
  protected readonly steps = STEPS;
  protected readonly step = computed(() => Math.min(Math.max(Number(this.etape() ?? 1) || 1, 1), STEPS.length));
  protected readonly published = read('/v1/pipelines');
  private readonly page = lastGood(this.published);
  protected readonly pipelines = computed(() =>
    [...(this.page()?.items ?? [])].filter((one) => one.state === 'published').sort((one, other) => one.title.localeCompare(other.title) || other.ref.version - one.ref.version),
  );
  protected readonly problem = computed(() => (this.published.error() ? problemOf(this.published.error()) : undefined));
  protected readonly listed = computed(() => stateOf(this.page() && this.pipelines().length, this.problem()));
  protected readonly chosen = linkedSignal(() => {
    const asked = this.pipeline() ?? '';
    return asked.includes('@') ? asked : (this.pipelines().filter((one) => one.ref.name === asked).at(-1)?.id ?? '');
  });
  protected readonly known = computed(() => this.pipelines().find((one) => one.id === this.chosen()));
  private readonly text = read('/v1/pipelines/{name}/{version}', () => {
    const known = this.known();
    return known ? { path: { name: known.ref.name, version: known.ref.version } } : undefined;
  });
  protected readonly schema = computed<Schema>(() => ((this.text.hasValue() ? this.text.value()?.['parameters'] : undefined) ?? {}) as Schema);
  protected readonly description = computed(() => String((this.text.hasValue() ? this.text.value()?.['description'] : '') ?? ''));
  protected readonly parameters = signal<Readonly<Record<string, Value>>>({});
  protected readonly condition = signal<Condition | undefined>({ all: [] });
  protected readonly pilots = signal<readonly Chosen[]>([]);
  protected readonly thresholds = signal(USUAL);
  protected readonly thresholdFault = signal('');
  protected readonly signals = signal<Written>({ signals: [], fault: '' });
  protected readonly timing = signal<Timing>(ANY_TIME);
  protected readonly repeated = signal<Repeated>(ONCE);
  protected readonly before = signal<readonly Before[]>([]);
  protected readonly answer = signal<Answered>({});
  /** Id of what was tried on some devices: with other parameters it is another. */
  protected readonly trial = linkedSignal({ source: () => triedOf({ pipeline: this.chosen(), parameters: this.parameters() }), computation: () => '' });
  protected readonly name = signal('');
  protected readonly reason = signal('');
  /** The step that somebody tried to leave: what it lacks is told until it lacks nothing. */
  private readonly tried = signal(0);
  protected readonly lacksReason = signal(false);
  protected readonly fault = computed(() => {
    if (this.lacksReason() && this.step() === STEPS.length && !this.reason().trim()) {
      return $localize`:@@rollouts.lacksReason:Indiquez le motif : les approbateurs et l’audit le lisent.`;
    }
    const step = this.step();
    return this.tried() !== step ? '' : step === STEPS.length ? this.lacksBefore() : this.lacks(step);
  });
  protected readonly refused = signal('');
  protected readonly busy = signal(false);
  protected readonly reached = computed(() => this.answer().found?.total);
  protected readonly icons = { ArrowLeft, ArrowRight, Check, CircleAlert };
  /** The step where what the API refuses is to be mended. */
  protected readonly wrongStep = computed(() => {
    const problem = this.answer().problem;
    const [code, at] = [problem?.code ?? '', problem?.at ?? ''];
    return at.startsWith('$.parameters') ? 1 : at === '$.expires_in_s' ? 4 : (MENDED.find(([start]) => code.startsWith(start))?.[1] ?? 0);
  });
  /** Why the API refuses what only one field holds: told there. */
  protected readonly refusal = computed(() => {
    const problem = this.answer().problem;
    const of = (code: string) => (problem?.code === code ? problem.detail : '');
    return { recurrence: of('campaign.recurrence'), after: of('campaign.after') };
  });
  /** Without approval there is no document, no ring and no threshold: it starts at once, everywhere. */
  protected readonly isFree = computed(() => this.known()?.approval === 'none');
  protected readonly request = computed<Asked | undefined>(() => {
    const [known, condition, limits, timing] = [this.known(), this.condition(), this.thresholds(), this.timing()];
    const rings = ringsIn(limits.rings);
    if (!known || !condition || !rings || timingFault(timing) || this.lacksLife() || this.lacksRecurrence()) {
      return undefined;
    }
    const { signals } = this.signals();
    return {
      pipeline: known.id, parameters: this.parameters(), condition, name: this.name().trim(), reason: this.reason().trim(),
      rings: this.isFree() ? [10_000] : rings, pilots: this.isFree() ? [] : this.pilots().map((one) => one.id),
      rollout: { ...limits.rollout, ...(signals.length ? { signals } : {}), ...(timing.perMin ? { orders_per_min: timing.perMin } : {}), ...(timing.perHourMb ? { bytes_per_hour: Math.round(timing.perHourMb * 1e6) } : {}) },
      expires_in_s: timing.days * 86_400, max_targets: 1_000_000,
      windows: timing.windows.filter((one) => !windowFault(one)), supersedes: timing.supersedes, through_freezes: timing.throughFreezes,
      recurrence: recurrenceOf(this.repeated()), after: this.isFree() ? [] : afterOf(this.before()),
    };
  });

  constructor() {
    effect(() => {
      this.chosen();
      this.parameters.set({});
    });
  }

  protected async go(step: number): Promise<void> {
    this.tried.set(step > this.step() && this.lacks(this.step()) ? this.step() : 0);
    if (this.tried()) {
      setTimeout(() => document.querySelector<HTMLElement>('.form > :not([hidden]) [aria-invalid=true]')?.focus());
    } else {
      await this.router.navigate([], { queryParams: { etape: step }, queryParamsHandling: 'merge' });
      document.querySelector<HTMLElement>('.step-title')?.focus();
    }
  }

  /** What the step lacks before the next one, as a sentence. */
  private lacks(step: number): string {
    if (step === 1 && !this.known()) {
      return $localize`:@@rollouts.lacksPipeline:Choisissez un pipeline pour continuer.`;
    }
    if (step === 2 && !this.condition()) {
      return $localize`:@@rollouts.lacksCondition:Complétez au moins un test, ou choisissez tous les postes.`;
    }
    if (step === 2 && !this.isFree() && this.before().some((one) => !one.name)) {
      return $localize`:@@rollouts.lacksAfter:Choisissez le pipeline que les postes doivent avoir réussi, ou retirez-le.`;
    }
    if (step === 3 && !this.isFree()) {
      return ringsIn(this.thresholds().rings) ? this.thresholdFault() || this.signals().fault : $localize`:@@rollouts.lacksRings:Les paliers sont des pourcentages qui montent, jusqu’à 100 au plus : 1, 10, 50, 100.`;
    }
    return step === 4 ? this.lacksTime() : '';
  }

  private lacksTime(): string {
    const timing = this.timing();
    return this.lacksRecurrence() || timingFault(timing) || (timing.windows.map(windowFault).find(Boolean) ?? '') || this.lacksLife();
  }

  private lacksRecurrence(): string {
    return recurrenceFault(this.repeated(), wallOf(this.now()), this.timing().days);
  }

  private lacksLife(): string {
    const [{ days }, { rollout, rings }] = [this.timing(), this.thresholds()];
    const last = ((ringsIn(rings)?.length ?? 1) - 1) * rollout.advance_after_s;
    return this.isFree() || last < days * 86_400
      ? ''
      : $localize`:@@rollouts.lacksLife:Le dernier palier s’ouvrirait ${Math.ceil(last / 86_400)}:days: jour(s) après le début, donc après la fin : allongez la durée de vie, ou raccourcissez les paliers.`;
  }

  private lacksBefore(): string {
    return [1, 2, 3, 4].map((step) => this.lacks(step)).find(Boolean) ?? '';
  }

  protected async finish(): Promise<void> {
    const request = this.request();
    this.tried.set(STEPS.length);
    if (!request || this.lacksBefore() || this.busy()) {
      return;
    }
    if (!this.isFree() && !request.reason) {
      this.lacksReason.set(true);
      document.getElementById('rollout-reason')?.focus();
      return;
    }
    if (!this.isFree() || (await this.agreed())) {
      await this.send(request);
    }
  }

  private async agreed(): Promise<boolean> {
    const n = this.reached();
    const every = recurrenceOf(this.repeated());
    const again = every ? [$localize`:@@rollouts.startEvery:Puis à chaque occurrence, jusqu’à la fin : ${recurrenceSaid(every)}:every:.`] : [];
    const who = n === undefined ? $localize`:@@rollouts.startUnknown:Le nombre de postes visés n’est pas connu pour l’instant.` : every
      ? $localize`:@@rollouts.startFirst:${count(n)}:n: poste(s) recevront l’ordre à la première occurrence.`
      : $localize`:@@rollouts.startNow:${count(n)}:n: poste(s) recevront l’ordre à leur prochain contact.`;
    const answer = await this.confirm.ask({ title: $localize`:@@rollouts.askStartNow:Lancer la collecte maintenant ?`, consequences: [who, ...again], action: $localize`:@@rollouts.startCollect:Lancer la collecte` });
    return answer !== undefined;
  }

  private async send(request: Asked): Promise<void> {
    this.busy.set(true);
    this.refused.set('');
    try {
      if (this.isFree()) {
        const { pipeline, condition, parameters, name, expires_in_s, recurrence } = request;
        const started = await this.api.post('/v1/campaigns', { document: null, collect: { pipeline, condition, parameters, name, expires_in_s, recurrence, living: false } } as never);
        await this.router.navigate(['/deploiements', started.id]);
      } else {
        const draft = await this.api.post('/v1/campaign-drafts', { request, envelope: null } as never);
        await this.router.navigate(['/deploiements', 'documents', draft.id]);
      }
    } catch (error) {
      this.refused.set(problemOf(error).detail);
    } finally {
      this.busy.set(false);
    }
  }

  protected may(): boolean {
    return this.session.may('run_collect');
  }
}

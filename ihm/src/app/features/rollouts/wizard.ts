import { Component, computed, effect, inject, input, linkedSignal, signal } from '@angular/core';
import { Router, RouterLink } from '@angular/router';
import { ArrowLeft, ArrowRight, Check } from 'lucide';
import { Api, read } from '@core/api/api';
import { count } from '@core/format';
import { lastGood } from '@core/last-good';
import { problemOf } from '@core/problem';
import { Session } from '@core/session';
import { Confirm } from '@ui/confirm';
import { Icon } from '@ui/icon';
import { PageHeader } from '@ui/page-header';
import { Shown, stateOf } from '@ui/shown';
import { Condition, ConditionEditor } from './condition';
import { Parameters, Schema, Value } from './parameters';
import { Pilot, Pilots } from './pilots';
import { RolloutPreview } from './preview';
import { Asked } from './request';
import { ringsIn, Thresholds, USUAL } from './thresholds';

const STEPS = [
  $localize`:@@rollouts.step1:Pipeline`,
  $localize`:@@rollouts.step2:Postes`,
  $localize`:@@rollouts.step3:Paliers et seuils`,
  $localize`:@@rollouts.step4:Vérification`,
];

/** A new campaign in four steps; who it reaches is counted all along, and nothing starts before somebody has seen it. */
@Component({
  selector: 'cnp-rollout-wizard',
  imports: [ConditionEditor, Icon, PageHeader, Parameters, Pilots, RolloutPreview, RouterLink, Shown, Thresholds],
  templateUrl: './wizard.html',
  styleUrl: './wizard.scss',
})
export class RolloutWizard {
  readonly etape = input<string>();
  /** `name@version`, when another screen names one. */
  readonly pipeline = input<string>();
  private readonly api = inject(Api);
  private readonly router = inject(Router);
  private readonly confirm = inject(Confirm);
  private readonly session = inject(Session);
  protected readonly steps = STEPS;
  protected readonly step = computed(() => Math.min(Math.max(Number(this.etape() ?? 1) || 1, 1), STEPS.length));
  protected readonly published = read('/v1/pipelines');
  private readonly page = lastGood(this.published);
  protected readonly pipelines = computed(() =>
    [...(this.page()?.items ?? [])].filter((one) => one.state === 'published').sort((one, other) => one.title.localeCompare(other.title) || other.ref.version - one.ref.version),
  );
  protected readonly problem = computed(() => (this.published.error() ? problemOf(this.published.error()) : undefined));
  protected readonly listed = computed(() => stateOf(this.page() && this.pipelines().length, this.problem()));
  protected readonly chosen = linkedSignal(() => this.pipeline() ?? '');
  protected readonly known = computed(() => this.pipelines().find((one) => one.id === this.chosen()));
  private readonly text = read('/v1/pipelines/{name}/{version}', () => {
    const known = this.known();
    return known ? { path: { name: known.ref.name, version: known.ref.version } } : undefined;
  });
  protected readonly schema = computed<Schema>(() => ((this.text.hasValue() ? this.text.value()?.['parameters'] : undefined) ?? {}) as Schema);
  protected readonly description = computed(() => String((this.text.hasValue() ? this.text.value()?.['description'] : '') ?? ''));
  protected readonly parameters = signal<Readonly<Record<string, Value>>>({});
  protected readonly condition = signal<Condition | undefined>({ all: [] });
  protected readonly pilots = signal<readonly Pilot[]>([]);
  protected readonly thresholds = signal(USUAL);
  protected readonly name = signal('');
  protected readonly reason = signal('');
  protected readonly fault = signal('');
  protected readonly refused = signal('');
  protected readonly busy = signal(false);
  protected readonly reached = signal<number | undefined>(undefined);
  protected readonly icons = { ArrowLeft, ArrowRight, Check };
  /** Without approval there is no document, no ring and no threshold: it starts at once, everywhere. */
  protected readonly isFree = computed(() => this.known()?.approval === 'none');
  protected readonly request = computed<Asked | undefined>(() => {
    const [known, condition, limits] = [this.known(), this.condition(), this.thresholds()];
    const rings = ringsIn(limits.rings);
    if (!known || !condition || !rings) {
      return undefined;
    }
    return {
      pipeline: known.id, parameters: this.parameters(), condition, name: this.name().trim(), reason: this.reason().trim(),
      rings: this.isFree() ? [10_000] : rings, pilots: this.isFree() ? [] : this.pilots().map((one) => one.id),
      rollout: limits.rollout, expires_in_s: limits.days * 86_400, max_targets: 1_000_000,
      windows: [], supersedes: false, through_freezes: false, recurrence: null, after: [],
    };
  });

  constructor() {
    effect(() => {
      this.chosen();
      this.parameters.set({});
    });
  }

  protected async go(step: number): Promise<void> {
    this.fault.set(step > this.step() ? this.lacks(this.step()) : '');
    if (!this.fault()) {
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
    if (step === 3 && !this.isFree() && !ringsIn(this.thresholds().rings)) {
      return $localize`:@@rollouts.lacksRings:Les paliers sont des pourcentages qui montent, jusqu’à 100 au plus : 1, 10, 50, 100.`;
    }
    return '';
  }

  protected async finish(): Promise<void> {
    const request = this.request();
    if (!request || this.busy()) {
      this.fault.set([1, 2, 3].map((step) => this.lacks(step)).find(Boolean) ?? '');
      return;
    }
    if (!this.isFree() && !request.reason) {
      this.fault.set($localize`:@@rollouts.lacksReason:Indiquez le motif : les approbateurs et l’audit le lisent.`);
      document.getElementById('rollout-reason')?.focus();
      return;
    }
    this.fault.set('');
    if (this.isFree() && !(await this.agreed())) {
      return;
    }
    await this.send(request);
  }

  private async agreed(): Promise<boolean> {
    const n = this.reached();
    const who = n === undefined ? $localize`:@@rollouts.startUnknown:Le nombre de postes visés n’est pas connu pour l’instant.` : $localize`:@@rollouts.startNow:${count(n)}:n: poste(s) recevront l’ordre à leur prochain contact.`;
    const answer = await this.confirm.ask({ title: $localize`:@@rollouts.askStartNow:Lancer la collecte maintenant ?`, consequences: [who], action: $localize`:@@rollouts.startCollect:Lancer la collecte` });
    return answer !== undefined;
  }

  private async send(request: Asked): Promise<void> {
    this.busy.set(true);
    this.refused.set('');
    try {
      if (this.isFree()) {
        const { pipeline, condition, parameters, name, expires_in_s } = request;
        const started = await this.api.post('/v1/campaigns', { document: null, collect: { pipeline, condition, parameters, name, expires_in_s, living: false } } as never);
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

import { Component, computed, inject, input, signal } from '@angular/core';
import { Router, RouterLink } from '@angular/router';
import { CirclePlay, FileSignature, OctagonX, Plus, Repeat, Snowflake, X } from 'lucide';
import { Message, read } from '@core/api/api';
import { count } from '@core/format';
import { lastGood } from '@core/last-good';
import { Live } from '@core/live';
import { problemOf } from '@core/problem';
import { Session } from '@core/session';
import { Stopped } from '@core/stopped';
import { Ago } from '@ui/ago';
import { Icon } from '@ui/icon';
import { PageHeader } from '@ui/page-header';
import { Pager } from '@ui/pager';
import { Segments } from '@ui/segments';
import { Shown, State } from '@ui/shown';
import { Status } from '@ui/status';
import { reasonOf } from './reasons';
import { recurrenceSaid } from './recurring';
import { Stopping } from './stopping';
import { bad, Campaign, campaignState, draftState, ended, segments } from './words';

const TABS = { 'en-cours': 'running,paused,halted', termines: 'finished,aborted', tous: '' } as const;
const PAGE = 50;

/** Every campaign: those that need somebody first. */
@Component({
  selector: 'cnp-rollout-list',
  imports: [Ago, Icon, PageHeader, Pager, RouterLink, Segments, Shown, Status],
  templateUrl: './list.html',
  styleUrl: './list.scss',
})
export class RolloutList {
  readonly onglet = input<string>();
  readonly apres = input<string>();
  /** Name of a pipeline, with or without its version: only those of it. */
  readonly pipeline = input<string>();
  private readonly router = inject(Router);
  private readonly session = inject(Session);
  private readonly changed = inject(Live).topic('campaigns');
  private readonly ran = inject(Live).topic('runs');
  protected readonly tab = computed(() => this.onglet() ?? 'en-cours');
  protected readonly isDrafts = computed(() => this.tab() === 'a-approuver');
  protected readonly tabs = [
    { id: 'en-cours', label: $localize`:@@rollouts.tabRunning:En cours` },
    { id: 'a-approuver', label: $localize`:@@rollouts.tabDrafts:À approuver` },
    { id: 'termines', label: $localize`:@@rollouts.tabEnded:Terminés` },
    { id: 'tous', label: $localize`:@@rollouts.tabAll:Tous` },
  ];
  private readonly campaigns = read('/v1/campaigns', () => {
    this.changed();
    this.ran();
    const state = TABS[this.tab() as keyof typeof TABS] ?? '';
    return this.isDrafts() ? undefined : { query: { state, pipeline: this.pipeline() ?? '', after: this.apres() ?? '', limit: PAGE } };
  });
  private readonly documents = read('/v1/campaign-drafts', () => {
    this.changed();
    return { query: { limit: PAGE } };
  });
  private readonly page = lastGood(this.campaigns, () => `${this.tab()} ${this.apres() ?? ''}`);
  private readonly drafted = lastGood(this.documents);
  protected readonly drafts = computed(() => this.drafted()?.items ?? []);
  protected readonly waiting = computed(() => this.drafted()?.items.length);
  protected readonly next = computed(() => this.page()?.next ?? undefined);
  /** Those that halted first: they need somebody. */
  protected readonly rows = computed(() => {
    const place = (row: Campaign) => (row.state === 'halted' ? 0 : 1);
    return [...(this.page()?.items ?? [])].sort((one, other) => place(one) - place(other));
  });
  private readonly asked = computed(() => (this.isDrafts() ? this.documents : this.campaigns));
  protected readonly problem = computed(() => (this.asked().error() ? problemOf(this.asked().error()) : undefined));
  protected readonly state = computed<State>(() => {
    if (this.problem() && !(this.isDrafts() ? this.drafted() : this.page())) {
      return this.problem()?.status === 403 ? 'no-right' : 'error';
    }
    if (!(this.isDrafts() ? this.drafted() : this.page())) {
      return 'loading';
    }
    return this.hasRows() ? 'ready' : this.pipeline() && !this.isDrafts() ? 'filtered-empty' : 'empty';
  });
  protected readonly empty = computed(() => ({
    'en-cours': $localize`:@@rollouts.emptyRunning:Aucun déploiement n’est en cours.`,
    'a-approuver': $localize`:@@rollouts.emptyDrafts:Aucun document n’attend de signature.`,
    termines: $localize`:@@rollouts.emptyEnded:Aucun déploiement n’est encore terminé.`,
  })[this.tab()] ?? $localize`:@@rollouts.emptyAll:Rien n’a encore été déployé.`);
  protected readonly may = this.session.may('run_collect');
  protected readonly mayStop = this.session.may('administer');
  protected readonly stopped = inject(Stopped).held;
  protected readonly stopping = inject(Stopping);
  protected readonly refused = signal('');
  protected readonly icons = { CirclePlay, FileSignature, OctagonX, Plus, Repeat, Snowflake, X };
  protected readonly everyOf = recurrenceSaid;
  protected readonly stateOf = campaignState;
  protected readonly draftOf = draftState;
  protected readonly segmentsOf = segments;
  protected readonly count = count;

  protected progress(row: Campaign): string {
    const failed = bad(row.states);
    const said = $localize`:@@rollouts.progress:${count(ended(row.states))}:ended: sur ${count(row.total)}:total: postes`;
    return failed ? $localize`:@@rollouts.progressBad:${said}:said:, ${count(failed)}:failed: en échec` : said;
  }

  protected ringOf(row: Campaign): string {
    const open = row.rings.filter((ring) => ring.is_open).length;
    return row.rings.length > 1 ? $localize`:@@rollouts.ringOf:Palier ${open}:open: sur ${row.rings.length}:of:` : '';
  }

  protected why(row: Campaign): string {
    return row.state === 'halted' ? reasonOf(row) : '';
  }

  protected signed(row: Message<'DraftView'>): string {
    return $localize`:@@rollouts.signedOf:${row.signatures.length}:n: signature(s) sur ${row.needed}:of:`;
  }

  protected async stopAll(): Promise<void> {
    this.refused.set(await this.stopping.stop());
  }

  protected async resumeAll(): Promise<void> {
    this.refused.set(await this.stopping.resume());
  }

  protected retry(): void {
    this.asked().reload();
  }

  protected async everyPipeline(): Promise<void> {
    await this.router.navigate([], { queryParams: { pipeline: null, apres: null }, queryParamsHandling: 'merge' });
  }

  protected async show(apres: string | undefined): Promise<void> {
    await this.router.navigate([], { queryParams: { apres }, queryParamsHandling: 'merge' });
  }

  private hasRows(): boolean {
    return this.isDrafts() ? this.drafts().length > 0 : this.rows().length > 0;
  }
}

import { Component, computed, inject, input } from '@angular/core';
import { Router, RouterLink } from '@angular/router';
import { KeyRound, Plus, X } from 'lucide';
import { read } from '@core/api/api';
import { bytes, count } from '@core/format';
import { lastGood } from '@core/last-good';
import { Live } from '@core/live';
import { paced } from '@core/paced';
import { problemOf } from '@core/problem';
import { Session } from '@core/session';
import { Ago } from '@ui/ago';
import { Icon } from '@ui/icon';
import { PageHeader } from '@ui/page-header';
import { Pager } from '@ui/pager';
import { SearchBox } from '@ui/search-box';
import { Segments } from '@ui/segments';
import { Shown, stateOf } from '@ui/shown';
import { Status } from '@ui/status';
import { Paging } from './paging';
import { LogRequest, OPEN, requestState, segments, sum } from './words';

const TABS = { '': '', 'en-cours': 'running', terminees: 'complete', purgees: 'purged' } as const;
type Tab = keyof typeof TABS;
const PAGE = 50;
const EVERY_MS = 2_000;

/** Every log request, the newest first: who asked, why, and where its PCs stand. */
@Component({
  selector: 'cnp-log-requests',
  imports: [Ago, Icon, PageHeader, Pager, RouterLink, SearchBox, Segments, Shown, Status],
  templateUrl: './list.html',
  styleUrl: './list.scss',
})
export class LogRequests {
  readonly onglet = input<string>();
  readonly q = input<string>();
  /** Login of who asked. */
  readonly par = input<string>();
  /** Id of a device: only the requests that it is part of. */
  readonly poste = input<string>();
  readonly apres = input<string>();
  private readonly router = inject(Router);
  private readonly session = inject(Session);
  private readonly changed = paced(inject(Live).topic('logs'), EVERY_MS);
  protected readonly paging = new Paging(this.router, 'apres');
  protected readonly tabs: readonly { id: Tab; label: string }[] = [
    { id: '', label: $localize`:@@logs.tabAll:Toutes` },
    { id: 'en-cours', label: $localize`:@@logs.tabRunning:En cours` },
    { id: 'terminees', label: $localize`:@@logs.tabComplete:Terminées` },
    { id: 'purgees', label: $localize`:@@logs.tabPurged:Purgées` },
  ];
  protected readonly tab = computed<Tab>(() => this.tabs.find((one) => one.id === this.onglet())?.id ?? '');
  private readonly asked = computed(() => ({
    state: TABS[this.tab()], q: this.q() ?? '', by: this.par() ?? '', device: this.poste() ?? '', after: this.apres() ?? '', limit: PAGE,
  }));
  protected readonly requests = read('/v1/log-requests', () => {
    this.changed();
    return { query: this.asked() };
  });
  private readonly page = lastGood(this.requests, () => JSON.stringify(this.asked()));
  protected readonly rows = computed(() => this.page()?.items ?? []);
  protected readonly next = computed(() => this.page()?.next ?? undefined);
  protected readonly isFiltered = computed(() => !!(this.q() || this.par() || this.poste()));
  protected readonly problem = computed(() => (this.requests.error() ? problemOf(this.requests.error()) : undefined));
  protected readonly state = computed(() => stateOf(this.page()?.items.length, this.problem(), this.isFiltered()));
  protected readonly empty = computed(() => ({
    '': $localize`:@@logs.emptyAll:Aucun journal n’a encore été demandé.`,
    'en-cours': $localize`:@@logs.emptyRunning:Aucune demande n’est en cours.`,
    terminees: $localize`:@@logs.emptyComplete:Aucune demande n’est encore terminée.`,
    purgees: $localize`:@@logs.emptyPurged:Rien n’a encore été purgé.`,
  })[this.tab()]);
  /** Whoever looks, and who is asked for in the address, and those of the page. */
  protected readonly askers = computed(() => {
    const me = this.session.login();
    const others = new Set([this.par() ?? '', ...this.rows().map((row) => row.created_by)].filter((login) => login && login !== me));
    return [{ login: me, word: $localize`:@@logs.mine:Mes demandes` }, ...[...others].sort().map((login) => ({ login, word: login }))];
  });
  protected readonly may = this.session.may('request_logs');
  protected readonly icons = { KeyRound, Plus, X };
  protected readonly stateOf = requestState;
  protected readonly segmentsOf = segments;

  protected progress(row: LogRequest): string {
    if (row.state === 'purged') {
      return $localize`:@@logs.ofDevices:Postes : ${count(row.total)}:n:`;
    }
    const [ready, open] = [count(row.states['ready'] ?? 0), sum(row.states, OPEN)];
    const said = $localize`:@@logs.progress:Reçus : ${ready}:n: sur ${count(row.total)}:of:, ${bytes(row.received_bytes)}:bytes:`;
    return open ? $localize`:@@logs.progressOpen:${said}:said: · attendus : ${count(open)}:open:` : said;
  }

  protected set(params: Record<string, string | undefined>): void {
    this.paging.restart();
    void this.router.navigate([], { queryParams: { apres: undefined, ...params }, queryParamsHandling: 'merge', replaceUrl: true });
  }

  protected clear(): void {
    this.set({ q: undefined, par: undefined, poste: undefined });
  }
}

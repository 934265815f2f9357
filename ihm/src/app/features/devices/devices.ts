import { Clipboard } from '@angular/cdk/clipboard';
import { Component, computed, ElementRef, inject, Injector, linkedSignal, signal, viewChild } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';
import { ActivatedRoute, Router } from '@angular/router';
import { ArrowDown, ArrowUp, ArrowUpDown, Columns3, Download, RefreshCw, Rows3, Rows4, ScrollText, SlidersHorizontal, Tags, X } from 'lucide';
import { addressOf, Answer, Api, read } from '@core/api/api';
import { clock, count } from '@core/format';
import { lastGood } from '@core/last-good';
import { Live } from '@core/live';
import { Now } from '@core/now';
import { paced } from '@core/paced';
import { Preferences } from '@core/preferences';
import { problemOf } from '@core/problem';
import { Session } from '@core/session';
import { Settled } from '@core/settled';
import { Icon } from '@ui/icon';
import { PageHeader } from '@ui/page-header';
import { Pager } from '@ui/pager';
import { SearchBox } from '@ui/search-box';
import { Shown, State } from '@ui/shown';
import { SidePanel } from '@ui/side-panel';
import { Toast } from '@ui/toast';
import { Cell } from './cell';
import { Column, columnsOf, DEFAULT_COLUMNS, factColumn, Row } from './columns';
import { ColumnsMenu } from './columns-menu';
import { DevicePanel } from './device-panel';
import { Facets } from './facets';
import { asked, FACET_LABELS, filtersOf, isFiltered, Listed, LISTED, selectionOf, valueLabel } from './filters';
import { Picked } from './selection';
import { ViewsMenu } from './views-menu';

const PAGE = 50;
const ROWS_MS = 5_000;
const COUNTS_MS = 10_000;
/** A state also changes by the time that passes: the list is read again as often. */
const BEAT_MS = 30_000;
const SORT = 'hostname';

/** Every PC: filters with their counts, any order, pages from the server; the address holds it all. */
@Component({
  selector: 'cnp-devices',
  imports: [Cell, ColumnsMenu, DevicePanel, Facets, Icon, PageHeader, Pager, SearchBox, Shown, SidePanel, ViewsMenu],
  templateUrl: './devices.html',
  styleUrl: './devices.scss',
})
export class Devices {
  private readonly router = inject(Router);
  private readonly route = inject(ActivatedRoute);
  private readonly live = inject(Live);
  private readonly now = inject(Now).ms;
  private readonly injector = inject(Injector);
  private readonly api = inject(Api);
  private readonly clipboard = inject(Clipboard);
  private readonly toast = inject(Toast);
  private readonly scroller = viewChild<ElementRef<HTMLElement>>('scroller');
  protected readonly session = inject(Session);
  protected readonly preferences = inject(Preferences);
  protected readonly icons = { ArrowDown, ArrowUp, ArrowUpDown, Columns3, Download, RefreshCw, Rows3, Rows4, ScrollText, SlidersHorizontal, Tags, X };
  protected readonly count = count;
  protected readonly settled = inject(Settled).is;
  protected readonly isChoosing = signal(false);

  private readonly address = toSignal(this.route.queryParamMap, { initialValue: this.route.snapshot.queryParamMap });
  protected readonly filters = computed(() => filtersOf(this.address()), { equal: (one, other) => JSON.stringify(one) === JSON.stringify(other) });
  protected readonly isFiltered = computed(() => isFiltered(this.filters()));
  protected readonly sort = computed(() => this.address().get('sort') ?? SORT);
  protected readonly columns = computed(() => columnsOf(this.address().get('columns')), { equal: (one, other) => one.map(({ id }) => id).join() === other.map(({ id }) => id).join() });
  protected readonly width = computed(() => this.columns().reduce((sum, column) => sum + column.width, 38));
  protected readonly opened = computed(() => this.address().get('device') ?? '');
  private readonly after = computed(() => this.address().get('after') ?? '');

  /** Rows do not move under the pointer nor under the focus: what changed meanwhile waits. */
  protected readonly isHeld = signal(false);
  private readonly rowChanges = paced(computed(() => this.live.topic('devices')() + this.live.topic('runs')()), ROWS_MS);
  private readonly countChanges = paced(this.live.topic('devices'), COUNTS_MS);
  private readonly beat = computed(() => Math.floor(this.now() / BEAT_MS));
  private readonly newest = computed(() => `${this.rowChanges()}/${this.beat()}`);
  private readonly version = linkedSignal<{ newest: string; isHeld: boolean }, string>({
    source: () => ({ newest: this.newest(), isHeld: this.isHeld() }),
    computation: ({ newest, isHeld }, previous) => (isHeld && previous ? previous.value : newest),
  });
  protected readonly isBehind = computed(() => this.version() !== this.newest());

  private readonly key = computed(() => JSON.stringify([this.filters(), this.sort(), this.after()]));
  private readonly listed = read('/v1/devices', () => {
    this.version();
    return { query: { ...asked(this.filters()), sort: this.sort(), after: this.after(), limit: PAGE } };
  });
  private readonly counted = read('/v1/devices/facets', () => {
    this.countChanges();
    this.beat();
    return { query: asked(this.filters()) };
  });
  private readonly overview = read('/v1/fleet', () => {
    this.countChanges();
    this.beat();
    return {};
  });
  protected readonly facets = lastGood(this.counted);
  private readonly fleet = lastGood(this.overview);
  protected readonly watches = computed(() => this.fleet()?.watch);
  protected readonly total = computed(() => (this.counted.isLoading() && this.isElsewhere() ? undefined : this.facets()?.total));
  /** The last page that came, with what it answers: rows of other filters are never shown as those of these. */
  private readonly held = linkedSignal<Answer<'/v1/devices', 'get'> | undefined, { key: string; page: Answer<'/v1/devices', 'get'>; at: number } | undefined>({
    source: () => (this.listed.hasValue() ? this.listed.value() : undefined),
    computation: (page, previous) => (page ? { key: this.key(), page, at: Date.now() } : previous?.value),
  });
  private readonly isElsewhere = computed(() => this.held()?.key !== this.key());
  protected readonly rows = computed<readonly Row[]>(() => this.held()?.page.items ?? []);
  protected readonly next = computed(() => (this.isElsewhere() ? undefined : (this.held()?.page.next ?? undefined)));
  protected readonly isFaded = computed(() => this.listed.isLoading() && this.isElsewhere());
  protected readonly problem = computed(() => (this.listed.error() ? problemOf(this.listed.error()) : undefined));
  protected readonly countsProblem = computed(() => (this.counted.error() ? problemOf(this.counted.error()) : undefined));
  protected readonly state = computed<State>(() => {
    if (this.problem() && this.isElsewhere()) {
      return this.problem()?.status === 403 ? 'no-right' : 'error';
    }
    if (!this.held()) {
      return 'loading';
    }
    return this.rows().length ? 'ready' : this.isFiltered() ? 'filtered-empty' : 'empty';
  });
  protected readonly readAt = computed(() => clock(this.held()?.at ?? 0));
  protected readonly isStale = computed(() => this.state() === 'ready' && this.live.state() === 'lost' && !this.problem());
  private readonly before = signal<readonly string[]>([]);
  protected readonly hasPrevious = computed(() => !!this.after());
  protected readonly range = computed(() => {
    const from = this.after() ? (this.before().length ? this.before().length * PAGE + 1 : undefined) : 1;
    return from === undefined ? count(this.rows().length) : `${count(from)}–${count(from + this.rows().length - 1)}`;
  });

  protected readonly picked = new Picked(this.total);
  protected readonly ids = computed(() => this.rows().map((row) => row.id));
  protected readonly isPagePicked = computed(() => this.ids().length > 0 && this.ids().every((id) => this.picked.has(id)));
  protected readonly panel = computed(() => this.rows().find((row) => row.id === this.opened()));
  protected readonly isFiltering = signal(false);
  /** Whether the filters at the left are folded away; kept in this browser. */
  protected readonly isAlone = signal<'no' | 'yes'>(localStorage.getItem('canopee.devices.alone') === 'yes' ? 'yes' : 'no');
  protected readonly chips = computed(() => {
    const names = new Map((this.facets()?.facets['practice'] ?? []).map((one) => [one.value, one.label ?? '']));
    return LISTED.flatMap((name) => this.filters()[name].map((value) => ({ name, value, label: `${FACET_LABELS[name]} : ${valueLabel(name, value, names.get(value))}` })));
  });
  protected readonly factNames = computed(() => [...new Set(this.rows().flatMap((row) => Object.keys(row.facts)))].sort());
  protected readonly exported = computed(() => {
    const query = new URLSearchParams();
    Object.entries(asked(this.filters())).forEach(([name, value]) => [value].flat().forEach((one) => query.append(name, one)));
    query.set('sort', this.sort());
    query.set('excel', 'true');
    return `${addressOf('/v1/devices/export', {})}?${query}`;
  });

  protected toggle({ name, value }: { name: Listed; value: string }): void {
    const held = this.filters()[name];
    this.narrow({ [name]: held.includes(value) ? held.filter((one) => one !== value) : [...held, value] });
  }

  protected showFacets(): void {
    this.isAlone.update((held) => (held === 'yes' ? 'no' : 'yes'));
    localStorage.setItem('canopee.devices.alone', this.isAlone());
  }

  protected search(q: string): void {
    this.narrow({ q: q || null });
  }

  protected clear(): void {
    this.narrow({ q: null, condition: null, ...Object.fromEntries(LISTED.map((name) => [name, null])) });
  }

  protected uncondition(): void {
    this.narrow({ condition: null });
  }

  protected order(column: Column): void {
    if (column.sort) {
      this.narrow({ sort: this.sort() === column.sort ? `-${column.sort}` : column.sort });
    }
  }

  protected direction(column: Column): 'ascending' | 'descending' | null {
    const sort = this.sort();
    return column.sort && sort === column.sort ? 'ascending' : column.sort && sort === `-${column.sort}` ? 'descending' : null;
  }

  protected hasColumn(id: string): boolean {
    return this.columns().some((one) => one.id === id);
  }

  protected toggleColumn(id: string): void {
    const held = this.columns().map((one) => one.id);
    const wanted = held.includes(id) ? held.filter((one) => one !== id) : [...held, id];
    void this.go({ columns: wanted.join() === DEFAULT_COLUMNS.join() ? null : wanted.join() });
  }

  protected addFact(name: string): void {
    const column = factColumn(`fact:${name.trim()}`);
    if (column && !this.hasColumn(column.id)) {
      this.toggleColumn(column.id);
    }
  }

  protected refresh(): void {
    this.version.set(this.newest());
    this.listed.reload();
    this.counted.reload();
  }

  protected async forward(): Promise<void> {
    const here = this.after();
    await this.go({ after: this.next() });
    this.before.update((held) => [...held, here]);
    this.top();
  }

  protected async back(): Promise<void> {
    const held = this.before();
    await this.go({ after: held.at(-1) ?? null });
    this.before.set(held.slice(0, -1));
    this.top();
  }

  protected tick(event: Event, id: string): void {
    this.picked.toggle(id, (event as MouseEvent).shiftKey, this.ids());
  }

  protected tickPage(): void {
    this.picked.set(this.ids(), !this.isPagePicked());
  }

  protected async tag(): Promise<void> {
    const { Tagging } = await import('./tag-dialog');
    if (await this.injector.get(Tagging).ask(selectionOf(this.picked, this.filters()))) {
      this.picked.clear();
      this.refresh();
    }
  }

  /** The ticked devices, frozen in a list, in the wizard of log requests. */
  protected async logs(): Promise<void> {
    try {
      const made = await this.api.post('/v1/selections', selectionOf(this.picked, this.filters()));
      await this.router.navigate(['/journaux/nouveau'], { queryParams: { selection: made.id } });
    } catch (error) {
      this.toast.say(problemOf(error).detail);
    }
  }

  /** The ticked devices as a condition, for a preview or a campaign. */
  protected async condition(): Promise<void> {
    try {
      const made = await this.api.post('/v1/selections', selectionOf(this.picked, this.filters()));
      const found = await this.api.get('/v1/selections/{selection_id}/condition', { path: { selection_id: made.id } });
      this.clipboard.copy(JSON.stringify(found.condition));
      this.toast.say($localize`:@@devices.copied:Condition copiée : ${count(found.count)}:count: postes`);
    } catch (error) {
      this.toast.say(problemOf(error).detail);
    }
  }

  protected removeLabel(label: string): string {
    return $localize`:@@devices.removeFilter:Retirer le filtre ${label}:label:`;
  }

  protected pickLabel(row: Row): string {
    return $localize`:@@devices.pickOne:Cocher ${row.hostname}:name:`;
  }

  protected peek(event: MouseEvent, row: Row): void {
    const target = event.target as HTMLElement;
    if (!target.closest('a, button, input, label') && !getSelection()?.toString()) {
      void this.go({ device: row.id });
    }
  }

  protected unpeek(): void {
    void this.go({ device: null });
  }

  protected apply(query: string): void {
    this.picked.clear();
    this.before.set([]);
    void this.router.navigateByUrl(`/postes${query ? `?${query}` : ''}`);
  }

  private narrow(params: Record<string, unknown>): void {
    this.picked.clear();
    this.before.set([]);
    void this.go({ ...params, after: null });
    this.top();
  }

  private async go(queryParams: Record<string, unknown>): Promise<void> {
    await this.router.navigate([], { queryParams, queryParamsHandling: 'merge', replaceUrl: 'q' in queryParams });
  }

  private top(): void {
    const scroller = this.scroller()?.nativeElement;
    if (scroller) {
      scroller.scrollTop = 0;
    }
  }
}

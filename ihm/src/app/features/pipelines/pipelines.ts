import { Component, computed, inject, input } from '@angular/core';
import { Router, RouterLink } from '@angular/router';
import { Plus } from 'lucide';
import { Message, read } from '@core/api/api';
import { count, day } from '@core/format';
import { lastGood } from '@core/last-good';
import { Live } from '@core/live';
import { problemOf } from '@core/problem';
import { Session } from '@core/session';
import { Icon } from '@ui/icon';
import { PageHeader } from '@ui/page-header';
import { SearchBox } from '@ui/search-box';
import { Shown, stateOf } from '@ui/shown';
import { Status } from '@ui/status';
import { approvalOf, kindOf, Life, LifeState, ownerOf, STATES } from './words';

type Day = Message<'PipelineActivity'>['days'][number];

/** Every pipeline: what is in service, what waits, what becomes of it. */
@Component({ selector: 'cnp-pipelines', imports: [Icon, PageHeader, RouterLink, SearchBox, Shown, Status], templateUrl: './pipelines.html', styleUrl: './pipelines.scss' })
export class Pipelines {
  /** Words to look for, and a state; kept in the address. */
  readonly q = input<string>();
  readonly etat = input<string>();
  protected readonly session = inject(Session);
  protected readonly Plus = Plus;
  protected readonly words = { approvalOf, kindOf, ownerOf, count, states: STATES };
  protected readonly choices = (Object.keys(STATES) as LifeState[]).map((id) => ({ id, label: STATES[id].label }));
  private readonly router = inject(Router);
  private readonly changes = inject(Live).topic('pipelines');
  private readonly runs = inject(Live).topic('campaigns');
  private readonly lives = read('/v1/catalog/pipelines', () => (this.changes(), {}));
  private readonly activity = read('/v1/catalog/activity', () => (this.runs(), {}));
  private readonly page = lastGood(this.lives);
  private readonly counts = lastGood(this.activity);
  protected readonly all = computed(() => this.page()?.items ?? []);
  protected readonly rows = computed(() => this.all().filter((one) => this.matches(one)));
  protected readonly byName = computed(() => new Map((this.counts()?.items ?? []).map((one) => [one.id, one])));
  protected readonly isUnknown = computed(() => !this.counts());
  protected readonly isPartial = computed(() => !!this.activity.error());
  protected readonly isStale = computed(() => this.lives.isLoading() && !!this.page());
  protected readonly problem = computed(() => (this.lives.error() ? problemOf(this.lives.error()) : undefined));
  protected readonly state = computed(() => stateOf(this.page() && this.rows().length, this.problem(), this.all().length > 0));

  protected retry(): void {
    this.lives.reload();
    this.activity.reload();
  }

  protected async filter(queryParams: { q?: string; etat?: string }): Promise<void> {
    const held = Object.fromEntries(Object.entries(queryParams).map(([name, value]) => [name, value || null]));
    await this.router.navigate([], { queryParams: held, queryParamsHandling: 'merge', replaceUrl: true });
  }

  protected async clear(): Promise<void> {
    await this.filter({ q: '', etat: '' });
  }

  /** Height of a bar, of 0 to 1, on the busiest day of the row; nothing ran: nothing. */
  protected heightOf(one: Day, days: readonly Day[]): number {
    const most = Math.max(1, ...days.map((day) => day.ended_well + day.ended_badly));
    const all = one.ended_well + one.ended_badly;
    return all ? Math.max(0.18, all / most) : 0;
  }

  protected badShare(one: Day): number {
    return one.ended_badly ? Math.max(0.2, one.ended_badly / (one.ended_well + one.ended_badly)) : 0;
  }

  protected sentenceOf(days: readonly Day[]): string {
    const [good, bad] = [days.reduce((sum, one) => sum + one.ended_well, 0), days.reduce((sum, one) => sum + one.ended_badly, 0)];
    if (!good && !bad) return $localize`:@@pipelines.noRuns:aucune exécution depuis 7 jours`;
    return $localize`:@@pipelines.runsOf:${count(good)}:good: réussies et ${count(bad)}:bad: en échec depuis 7 jours`;
  }

  protected titleOf(one: Day): string {
    return `${day(one.day)} : ${count(one.ended_well)} ✓ ${count(one.ended_badly)} ✗`;
  }

  private matches(one: Life): boolean {
    const words = plain(this.q() ?? '');
    return (!this.etat() || one.state === this.etat()) && plain(`${one.id} ${one.title}`).includes(words);
  }
}

function plain(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
}

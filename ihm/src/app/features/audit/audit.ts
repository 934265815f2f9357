import { Component, computed, input, linkedSignal, inject } from '@angular/core';
import { Router } from '@angular/router';
import { Message, read } from '@core/api/api';
import { instant } from '@core/format';
import { lastGood } from '@core/last-good';
import { problemOf } from '@core/problem';
import { Ago } from '@ui/ago';
import { PageHeader } from '@ui/page-header';
import { Pager } from '@ui/pager';
import { Shown, stateOf } from '@ui/shown';

/** Who did what, to what, and when: a chain in which nothing can be changed without being seen. */
@Component({ selector: 'cnp-audit', imports: [Ago, PageHeader, Pager, Shown], templateUrl: './audit.html', styles: '.object { max-width: 320px; } .detail { max-width: 420px; }' })
export class Audit {
  /** Cursor of the page, kept in the address. */
  readonly apres = input<string>();
  private readonly router = inject(Router);
  private readonly links = read('/v1/audit', () => ({ query: { after: this.apres() ?? '', limit: 50 } }));
  private readonly page = lastGood(this.links, () => this.apres() ?? '');
  protected readonly rows = computed(() => this.page()?.items ?? []);
  protected readonly isStale = computed(() => this.links.isLoading() && !!this.page());
  protected readonly next = computed(() => this.page()?.next ?? undefined);
  protected readonly problem = computed(() => (this.links.error() ? problemOf(this.links.error()) : undefined));
  protected readonly state = computed(() => stateOf(this.page()?.items.length, this.problem()));
  /** Cursors of the pages before this one; the address alone knows one page. */
  protected readonly before = linkedSignal<readonly (string | undefined)[]>(() => []);
  protected readonly instant = instant;

  protected async forward(): Promise<void> {
    const [seen, here] = [this.before(), this.apres()];
    await this.show(this.next());
    this.before.set([...seen, here]);
  }

  protected async back(): Promise<void> {
    const seen = this.before();
    await this.show(seen.at(-1));
    this.before.set(seen.slice(0, -1));
  }

  protected retry(): void {
    this.links.reload();
  }

  protected detailOf(row: Message<'AuditEntry'>): string {
    return Object.entries(row.detail).map(([name, value]) => `${name} : ${said(value)}`).join(' · ');
  }

  private async show(apres: string | undefined): Promise<void> {
    await this.router.navigate([], { queryParams: { apres }, queryParamsHandling: 'merge' });
  }
}

function said(value: unknown): string {
  return Array.isArray(value) ? value.map(said).join(', ') : typeof value === 'string' ? value : JSON.stringify(value);
}

import { Component, computed, inject, input, linkedSignal } from '@angular/core';
import { Router } from '@angular/router';
import { X } from 'lucide';
import { Message, read } from '@core/api/api';
import { count } from '@core/format';
import { lastGood } from '@core/last-good';
import { Live } from '@core/live';
import { problemOf } from '@core/problem';
import { Ago } from '@ui/ago';
import { Icon } from '@ui/icon';
import { Pager } from '@ui/pager';
import { SearchBox } from '@ui/search-box';
import { Shown, stateOf } from '@ui/shown';
import { Status } from '@ui/status';
import { BAD_STATES, Campaign, DEVICE_STATES, deviceState, partOf } from './words';

type Row = Message<'CampaignDevice'>;

/** The devices of a campaign; what is shown of them is in the address. */
@Component({
  selector: 'cnp-rollout-devices',
  imports: [Ago, Icon, Pager, SearchBox, Shown, Status],
  templateUrl: './devices.html',
  host: { class: 'card', id: 'postes' },
  styles: `
    :host { display: block; scroll-margin-top: 12px; }
    .filters { display: flex; flex-wrap: wrap; align-items: center; gap: 8px; padding: 0 16px 12px; }
    .filters select { width: auto; min-width: 190px; }
    .detail { max-width: 380px; }
    .seen { display: inline-flex; gap: 5px; }
  `,
})
export class RolloutDevices {
  readonly campaign = input.required<Campaign>();
  readonly etat = input<string>();
  readonly palier = input<string>();
  readonly etape = input<string>();
  readonly code = input<string>();
  readonly q = input<string>();
  readonly apres = input<string>();
  private readonly router = inject(Router);
  private readonly ran = inject(Live).topic('runs');
  private readonly asked = computed(() => ({
    state: this.etat() ?? '', ring: this.palier() ? Number(this.palier()) - 1 : undefined, step: this.etape() ?? '',
    code: this.code() ?? '', q: this.q() ?? '', after: this.apres() ?? '', limit: 50,
  }));
  protected readonly devices = read('/v1/campaigns/{campaign_id}/devices', () => {
    this.ran();
    return { path: { campaign_id: this.campaign().id }, query: this.asked() };
  });
  private readonly page = lastGood(this.devices, () => JSON.stringify(this.asked()));
  protected readonly rows = computed(() => this.page()?.items ?? []);
  protected readonly next = computed(() => this.page()?.next ?? undefined);
  protected readonly isFiltered = computed(() => !!(this.etat() || this.palier() || this.etape() || this.code() || this.q()));
  protected readonly problem = computed(() => (this.devices.error() ? problemOf(this.devices.error()) : undefined));
  protected readonly state = computed(() => stateOf(this.page()?.items.length, this.problem(), this.isFiltered()));
  /** States that some device has, with how many; failures together first. */
  protected readonly states = computed(() => {
    const { states } = this.campaign();
    return DEVICE_STATES.filter((name) => states[name]).map((name) => ({ name, word: `${deviceState(name).word} (${count(states[name])})` }));
  });
  protected readonly rings = computed(() => this.campaign().rings.map((ring, place) => ({ value: String(place + 1), word: $localize`:@@rollouts.ringN:Palier ${place + 1}:n: (${partOf(ring.up_to_bp)}:part:)` })));
  protected readonly before = linkedSignal<readonly (string | undefined)[]>(() => []);
  protected readonly bad = BAD_STATES;
  protected readonly X = X;
  protected readonly stateOf = deviceState;

  protected said(row: Row): string {
    return [row.step, row.code, row.detail].filter((part) => part && !row.detail.startsWith(`${part}:`)).join(' · ');
  }

  protected set(params: Record<string, string | undefined>): void {
    void this.router.navigate([], { queryParams: { apres: undefined, ...params }, queryParamsHandling: 'merge', replaceUrl: true });
  }

  protected clear(): void {
    this.set({ etat: undefined, palier: undefined, etape: undefined, code: undefined, q: undefined });
  }

  protected async forward(): Promise<void> {
    const [seen, here] = [this.before(), this.apres()];
    await this.router.navigate([], { queryParams: { apres: this.next() }, queryParamsHandling: 'merge' });
    this.before.set([...seen, here]);
  }

  protected async back(): Promise<void> {
    const seen = this.before();
    await this.router.navigate([], { queryParams: { apres: seen.at(-1) }, queryParamsHandling: 'merge' });
    this.before.set(seen.slice(0, -1));
  }
}

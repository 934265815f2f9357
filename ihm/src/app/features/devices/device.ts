import { Component, computed, inject, input } from '@angular/core';
import { Router, RouterLink } from '@angular/router';
import { ArrowLeft, ScrollText, ShieldOff, Tags, X } from 'lucide';
import { Api, read } from '@core/api/api';
import { clock } from '@core/format';
import { lastGood } from '@core/last-good';
import { Live } from '@core/live';
import { Now } from '@core/now';
import { paced } from '@core/paced';
import { problemOf } from '@core/problem';
import { Session } from '@core/session';
import { Ago } from '@ui/ago';
import { Confirm } from '@ui/confirm';
import { DeviceStatus } from '@ui/device-state';
import { Icon } from '@ui/icon';
import { PageHeader } from '@ui/page-header';
import { Shown, State } from '@ui/shown';
import { Toast } from '@ui/toast';
import { factText } from './columns';
import { DiagnosisTab } from './diagnosis-tab';
import { HistoryTab } from './history-tab';
import { RunsTab } from './runs-tab';
import { SummaryTab } from './summary-tab';
import { Tagging } from './tag-dialog';

const EVERY_MS = 2_000;
const BEAT_MS = 30_000;
const TABS = [
  { id: 'resume', label: $localize`:@@device.summary:Résumé` },
  { id: 'historique', label: $localize`:@@device.history:Historique` },
  { id: 'executions', label: $localize`:@@device.runs:Exécutions` },
  { id: 'diagnostic', label: $localize`:@@device.diagnosis:Diagnostic` },
] as const;

/** One PC: where it stands, what is known of it, what changed, what it did, how its link is. */
@Component({
  selector: 'cnp-device',
  imports: [Ago, DeviceStatus, DiagnosisTab, HistoryTab, Icon, PageHeader, RouterLink, RunsTab, Shown, SummaryTab],
  templateUrl: './device.html',
  styles: `
    .about { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 14px; }
    cnp-device-state { font-size: 15px; font-weight: 600; letter-spacing: 0; }
    .about .badge { font-weight: 500; }
    .back { display: inline-flex; align-items: center; gap: 6px; color: var(--text-2); font-size: 14px; text-decoration: none; }
    .back:hover { color: var(--brand); }
  `,
})
export class Device {
  readonly id = input.required<string>();
  /** The tab, kept in the address. */
  readonly onglet = input<string>();
  private readonly api = inject(Api);
  private readonly router = inject(Router);
  private readonly live = inject(Live);
  private readonly now = inject(Now).ms;
  private readonly confirm = inject(Confirm);
  private readonly tagging = inject(Tagging);
  private readonly toast = inject(Toast);
  protected readonly session = inject(Session);
  protected readonly icons = { ArrowLeft, ScrollText, ShieldOff, Tags, X };
  protected readonly tabs = TABS;
  /** Grows when something of this screen may have changed; its tabs follow it. */
  private readonly changes = paced(computed(() => this.live.topic('devices')() + this.live.topic('runs')()), EVERY_MS);
  protected readonly version = computed(() => `${this.changes()}/${Math.floor(this.now() / BEAT_MS)}`);
  private readonly resource = read('/v1/devices/{device_id}', () => {
    this.version();
    return { path: { device_id: this.id() } };
  });
  private readonly last = lastGood(this.resource);
  protected readonly device = computed(() => (this.last()?.id === this.id() ? this.last() : undefined));
  protected readonly tab = computed(() => TABS.find((one) => one.id === this.onglet())?.id ?? 'resume');
  protected readonly problem = computed(() => (this.resource.error() ? problemOf(this.resource.error()) : undefined));
  protected readonly state = computed<State>(() => {
    if (this.device()) {
      return 'ready';
    }
    const status = this.problem()?.status;
    return !this.problem() ? 'loading' : status === 404 ? 'empty' : status === 403 ? 'no-right' : 'error';
  });
  protected readonly isStale = computed(() => !!this.device() && (this.live.state() === 'lost' || !!this.problem()));
  protected readonly heardAt = computed(() => clock(this.live.heardAt() ?? 0));

  protected fact(name: string): string {
    return factText(this.device()?.facts[name]);
  }

  protected retry(): void {
    this.resource.reload();
  }

  protected async tag(): Promise<void> {
    if (await this.tagging.ask({ query: null, device_ids: [this.id()], excluded: [] })) {
      this.resource.reload();
    }
  }

  protected async untag(tag: string): Promise<void> {
    try {
      await this.api.post('/v1/devices/tags', { device_ids: [this.id()], add: [], remove: [tag], selection: '' });
      this.toast.say($localize`:@@device.untagged:Étiquette retirée : ${tag}:tag:`);
    } catch (error) {
      this.toast.say(problemOf(error).detail);
    }
    this.resource.reload();
  }

  protected untagLabel(tag: string): string {
    return $localize`:@@device.untag:Retirer l’étiquette ${tag}:tag:`;
  }

  protected async revoke(): Promise<void> {
    const device = this.device();
    if (!device) {
      return;
    }
    const consequences = [
      $localize`:@@device.revokeOne:L’agent de ce poste ne sera plus reconnu : il n’enverra plus rien et ne recevra plus d’ordre, dans la minute.`,
      $localize`:@@device.revokeTwo:Ses ordres en attente sont annulés. Ce qu’il a déjà envoyé est conservé.`,
      $localize`:@@device.revokeThree:Pour le reprendre, il faudra l’enrôler à nouveau avec un jeton.`,
    ];
    const title = $localize`:@@device.revokeTitle:Révoquer ${device.hostname}:name:`;
    if ((await this.confirm.ask({ title, consequences, action: $localize`:@@device.revoke:Révoquer`, isDangerous: true })) === undefined) {
      return;
    }
    try {
      await this.api.post('/v1/devices/{device_id}/revoke', undefined, { path: { device_id: device.id } });
      this.toast.say($localize`:@@device.isRevoked:Poste révoqué : ${device.hostname}:name:`);
    } catch (error) {
      this.toast.say(problemOf(error).detail);
    }
    this.resource.reload();
  }

  protected go(tab: string): void {
    void this.router.navigate([], { queryParams: { onglet: tab === 'resume' ? null : tab }, queryParamsHandling: 'merge' });
  }
}

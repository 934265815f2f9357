import { Component, computed, inject, input, output } from '@angular/core';
import { Router, RouterLink } from '@angular/router';
import { Download, FolderOpen, Trash2 } from 'lucide';
import { addressOf, read } from '@core/api/api';
import { bytes, count } from '@core/format';
import { lastGood } from '@core/last-good';
import { Live } from '@core/live';
import { paced } from '@core/paced';
import { problemOf } from '@core/problem';
import { Session } from '@core/session';
import { Icon } from '@ui/icon';
import { Pager } from '@ui/pager';
import { SearchBox } from '@ui/search-box';
import { Shown, stateOf } from '@ui/shown';
import { Status } from '@ui/status';
import { Acting } from './acting';
import { Paging } from './paging';
import { why } from './why';
import { CONSENT, deviceState, LOG_STATES, LogArchive, LogDevice, LogRequest, LogState, OPEN } from './words';

const ARCHIVE = '/v1/log-requests/{request_id}/archives/{device_id}';
const PAGE = 50;
const EVERY_MS = 1_500;
type Do = 'read' | 'download' | 'purge';

/** The devices of a request; what is shown of them is in the address. */
@Component({
  selector: 'cnp-log-devices',
  imports: [Icon, Pager, RouterLink, SearchBox, Shown, Status],
  templateUrl: './devices.html',
  host: { class: 'card' },
  styles: `
    :host { display: block; }
    .filters { display: flex; flex-wrap: wrap; align-items: center; gap: 8px; padding: 0 16px 12px; }
    .filters select { width: auto; min-width: 190px; max-width: 100%; }
    .detail { max-width: clamp(180px, 16vw, 320px); }
    .practice { max-width: 200px; }
    .do { white-space: nowrap; }
    .do .button { vertical-align: middle; margin-inline-start: 4px; }
    .do .icon-only { width: 30px; min-height: 30px; }
    .meter { display: block; width: 100%; height: 3px; margin-top: 2px; border-radius: 2px; background: var(--surface-3); }
    .meter i { display: block; height: 3px; border-radius: 2px; background: var(--info-fill); }
  `,
})
export class LogDevices {
  readonly request = input.required<LogRequest>();
  readonly etat = input<string>();
  readonly q = input<string>();
  readonly apres = input<string>();
  /** What went wrong, as a sentence. */
  readonly wrong = output<string>();
  private readonly router = inject(Router);
  private readonly session = inject(Session);
  private readonly changed = paced(inject(Live).topic('logs'), EVERY_MS);
  protected readonly acting = inject(Acting);
  protected readonly paging = new Paging(this.router, 'apres');
  private readonly asked = computed(() => ({ state: LOG_STATES.includes(this.etat() as LogState) ? this.etat() : '', q: this.q() ?? '', after: this.apres() ?? '', limit: PAGE }));
  protected readonly devices = read('/v1/log-requests/{request_id}/devices', () => {
    this.changed();
    return { path: { request_id: this.request().id }, query: this.asked() };
  });
  private readonly page = lastGood(this.devices, () => `${this.request().id} ${JSON.stringify(this.asked())}`);
  protected readonly rows = computed(() => this.page()?.items ?? []);
  protected readonly next = computed(() => this.page()?.next ?? undefined);
  protected readonly isFiltered = computed(() => !!(this.etat() || this.q()));
  protected readonly problem = computed(() => (this.devices.error() ? problemOf(this.devices.error()) : undefined));
  protected readonly state = computed(() => stateOf(this.page()?.items.length, this.problem(), this.isFiltered()));
  /** States that some device has, with how many. */
  protected readonly states = computed(() => {
    const { states } = this.request();
    return LOG_STATES.filter((name) => states[name] || name === this.etat()).map((name) => ({ name, word: `${deviceState(name).word} (${count(states[name] ?? 0)})` }));
  });
  protected readonly mayOpen = this.session.may('read_logs');
  protected readonly mayPurge = this.session.may('request_logs');
  protected readonly icons = { Download, FolderOpen, Trash2 };
  protected readonly consents = CONSENT;
  protected readonly stateOf = deviceState;
  protected readonly bytes = bytes;

  /** Whether there is something of it, or may still be. */
  protected isThere(row: LogDevice): boolean {
    return ['ready', 'sending', 'running', 'waiting'].includes(row.state) && this.request().state !== 'purged';
  }

  protected part(row: LogDevice): number {
    return (100 * row.received_bytes) / row.announced_bytes;
  }

  /** Why there is nothing, as a sentence; the PC's own words are in the title. */
  protected detail(row: LogDevice): string {
    if (row.state === 'ready') {
      return row.archives.map((one) => one.name).join(', ');
    }
    if (OPEN.includes(row.state) || row.state === 'purged') {
      return '';
    }
    const said = why(row, this.request());
    return said || [row.code, row.detail].filter(Boolean).join(' : ');
  }

  protected label(row: LogDevice, archive: LogArchive | undefined, what: Do): string {
    const name = archive && row.archives.length > 1 ? `${row.hostname}, ${archive.name}` : row.hostname;
    return {
      read: $localize`:@@logs.readOne:Ouvrir l’archive de ${name}:name:`,
      download: $localize`:@@logs.downloadOne:Télécharger l’archive de ${name}:name:`,
      purge: $localize`:@@logs.purgeOne:Purger les journaux de ${name}:name:`,
    }[what];
  }

  protected address(row: LogDevice, archive: LogArchive): string {
    const path = addressOf<typeof ARCHIVE, 'get'>(ARCHIVE, { path: { request_id: this.request().id, device_id: row.id } });
    return `${path}?${new URLSearchParams({ step: archive.step })}`;
  }

  protected async purge(row: LogDevice): Promise<void> {
    this.wrong.emit(await this.acting.purgeDevice(this.request(), row));
    this.devices.reload();
  }

  protected set(params: Record<string, string | undefined>): void {
    this.paging.restart();
    void this.router.navigate([], { queryParams: { apres: undefined, ...params }, queryParamsHandling: 'merge', replaceUrl: true });
  }

  protected clear(): void {
    this.set({ etat: undefined, q: undefined });
  }
}

import { Component, computed, inject, input, signal } from '@angular/core';
import { RouterLink } from '@angular/router';
import { CircleStop, Download, RotateCcw, Trash2 } from 'lucide';
import { addressOf, read } from '@core/api/api';
import { bytes, clock, count, day } from '@core/format';
import { lastGood } from '@core/last-good';
import { Live } from '@core/live';
import { Now } from '@core/now';
import { paced } from '@core/paced';
import { problemOf } from '@core/problem';
import { Session } from '@core/session';
import { Ago } from '@ui/ago';
import { Icon } from '@ui/icon';
import { PageHeader } from '@ui/page-header';
import { Segments } from '@ui/segments';
import { Shown, stateOf } from '@ui/shown';
import { Status } from '@ui/status';
import { Acting, missing } from './acting';
import { LogDevices } from './devices';
import { LogHistory } from './history';
import { LogReceipts } from './receipts';
import { actorOf, forwardWord, requestState, segments } from './words';

const ARCHIVES = '/v1/log-requests/{request_id}/archives.zip';
const EVERY_MS = 1_000;

/** One log request: where its PCs stand, what came, who opened it, and only what can be done now. */
@Component({
  selector: 'cnp-log-request',
  imports: [Ago, Icon, LogDevices, LogHistory, LogReceipts, PageHeader, RouterLink, Segments, Shown, Status],
  templateUrl: './request.html',
  styleUrl: './request.scss',
})
export class LogRequestPage {
  readonly id = input.required<string>();
  readonly etat = input<string>();
  readonly q = input<string>();
  readonly apres = input<string>();
  private readonly session = inject(Session);
  private readonly now = inject(Now).ms;
  private readonly changed = paced(inject(Live).topic('logs'), EVERY_MS);
  protected readonly acting = inject(Acting);
  protected readonly asked = read('/v1/log-requests/{request_id}', () => {
    this.changed();
    this.now(); // some of its PCs expire by themselves
    return { path: { request_id: this.id() } };
  });
  protected readonly request = lastGood(this.asked, () => this.id());
  protected readonly problem = computed(() => (this.asked.error() ? problemOf(this.asked.error()) : undefined));
  protected readonly state = computed(() => stateOf(this.request() && 1, this.problem()));
  protected readonly refused = signal('');
  protected readonly everything = computed(() => addressOf<typeof ARCHIVES, 'get'>(ARCHIVES, { path: { request_id: this.id() } }));
  protected readonly parameters = computed(() => Object.entries(this.request()?.parameters ?? {}));
  protected readonly received = computed(() => {
    const request = this.request();
    return request ? $localize`:@@logs.receivedOf:${count(request.states['ready'] ?? 0)}:n: sur ${count(request.total)}:of:` : '';
  });
  protected readonly forwards = computed(() => Object.entries(this.request()?.forwards ?? {}).map(([state, n]) => `${forwardWord(state)} : ${count(n)}`).join(', ') || forwardWord('waiting'));
  /** Only the buttons of the state, and of who looks. */
  protected readonly may = computed(() => {
    const request = this.request();
    const [asks, opens] = [this.session.may('request_logs'), this.session.may('read_logs')];
    const ready = request?.states['ready'] ?? 0;
    return {
      ask: asks && request?.state !== 'running',
      missing: asks && request?.state === 'complete' && missing(request) > 0 && missing(request) < request.total,
      cancel: asks && request?.state === 'running',
      purge: asks && !!request && request.state !== 'purged',
      open: opens && ready > 0,
      closed: !opens && ready > 0,
      isPartial: opens && ready > 0 && request?.state === 'running',
    };
  });
  protected readonly icons = { CircleStop, Download, RotateCcw, Trash2 };
  protected readonly stateOf = requestState;
  protected readonly segmentsOf = segments;
  protected readonly actor = actorOf;
  protected readonly bytes = bytes;
  protected readonly count = count;
  protected readonly day = day;

  protected moment(value: string): string {
    return `${day(value)}, ${clock(value)}`;
  }

  protected async cancel(): Promise<void> {
    const request = this.request();
    if (request) {
      this.refused.set(await this.acting.cancel(request));
      this.asked.reload();
    }
  }

  protected async purge(): Promise<void> {
    const request = this.request();
    if (request) {
      this.refused.set(await this.acting.purge(request));
      this.asked.reload();
    }
  }

  protected async again(isMissingOnly: boolean): Promise<void> {
    const request = this.request();
    if (request) {
      this.refused.set(await this.acting.again(request, isMissingOnly));
    }
  }
}

import { Component, computed, inject } from '@angular/core';
import { Router, RouterLink } from '@angular/router';
import { Download, ListFilter, Monitor, UserRoundCheck } from 'lucide';
import { read } from '@core/api/api';
import { clock, count, share } from '@core/format';
import { lastGood } from '@core/last-good';
import { Live } from '@core/live';
import { paced } from '@core/paced';
import { problemOf } from '@core/problem';
import { Session } from '@core/session';
import { Ago } from '@ui/ago';
import { Chart, ChartData } from '@ui/chart';
import { DEVICE_STATE, DEVICE_STATES, DeviceStatus } from '@ui/device-state';
import { Icon } from '@ui/icon';
import { PageHeader } from '@ui/page-header';
import { RunStatus } from '@ui/run-state';
import { Shown, stateOf } from '@ui/shown';
import { WATCH } from '@ui/watch';
import { byState, OTHERS, plainBars, UNKNOWN } from './charts';

const EVERY_MS = 5_000;

/** The whole fleet in one screen: where the PCs stand, what needs somebody, and which versions are in service. */
@Component({
  selector: 'cnp-overview',
  imports: [Ago, Chart, DeviceStatus, Icon, PageHeader, RouterLink, RunStatus, Shown],
  templateUrl: './overview.html',
  styleUrl: './overview.scss',
})
export class Overview {
  private readonly router = inject(Router);
  private readonly live = inject(Live);
  private readonly session = inject(Session);
  /** Changes of the fleet, at most one in five seconds: a screen of totals need not follow faster. */
  private readonly changed = paced(this.live.topic('devices'), EVERY_MS);
  private readonly ran = paced(this.live.topic('runs'), EVERY_MS);
  private readonly fleet = read('/v1/fleet', () => this.again({}));
  private readonly counted = read('/v1/devices/facets', () => this.again({}));
  private readonly failures = read('/v1/devices', () => this.again({ query: { watch: ['failed'], sort: '-last_seen', limit: 8 } }));
  protected readonly overview = lastGood(this.fleet);
  private readonly facets = lastGood(this.counted);
  private readonly failed = lastGood(this.failures);
  protected readonly icons = { Download, ListFilter, Monitor, UserRoundCheck };
  protected readonly count = count;
  protected readonly share = share;
  protected readonly watchOf = WATCH;

  protected readonly kpis = computed(() => {
    const states = this.overview()?.states;
    return DEVICE_STATES.filter((state) => state === 'online' || state === 'late' || state === 'offline').map((state) => ({ state, ...DEVICE_STATE[state], devices: states?.[state] }));
  });
  protected readonly alive = computed(() => {
    const found = this.overview();
    return found && found.devices - (found.states['revoked'] ?? 0);
  });
  protected readonly readAt = computed(() => (this.overview() ? clock(this.overview()?.at ?? 0) : ''));
  protected readonly isStale = computed(() => this.live.state() === 'lost' || !!this.fleet.error());
  protected readonly problem = computed(() => (this.fleet.error() ? problemOf(this.fleet.error()) : undefined));
  protected readonly state = computed(() => stateOf(this.overview()?.devices, this.problem()));
  protected readonly waiting = computed(() => (this.session.may('enrol') ? (this.overview()?.enrolments_waiting ?? 0) : 0));
  protected readonly products = computed<ChartData | undefined>(() => byState(this.facets(), 'product', 7));
  protected readonly systems = computed<ChartData | undefined>(() => plainBars(this.facets(), 'os', 7));
  protected readonly agents = computed<ChartData | undefined>(() => byState(this.facets(), 'agent_version', 7));
  protected readonly rows = computed(() => this.failed()?.items ?? []);
  protected readonly failuresState = computed(() => stateOf(this.failed()?.items.length, this.failuresProblem()));
  protected readonly failuresProblem = computed(() => (this.failures.error() ? problemOf(this.failures.error()) : undefined));

  protected retry(): void {
    [this.fleet, this.counted, this.failures].forEach((one) => one.reload());
  }

  /** The devices of a bar; those of « Autres » are the list itself, whose filters tell them apart. */
  protected show(filter: string, label: string): void {
    const queryParams = label === OTHERS ? {} : { [filter]: label === UNKNOWN ? '' : label };
    void this.router.navigate(['/postes'], { queryParams });
  }

  private again<T>(where: T): T {
    this.changed();
    this.ran();
    return where;
  }
}

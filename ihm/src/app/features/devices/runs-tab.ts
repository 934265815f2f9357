import { Component, computed, input, signal } from '@angular/core';
import { RouterLink } from '@angular/router';
import { Message, read } from '@core/api/api';
import { clock, count, day, duration, instant } from '@core/format';
import { lastGood } from '@core/last-good';
import { problemOf } from '@core/problem';
import { Ago } from '@ui/ago';
import { Foreseen } from '@ui/foreseen';
import { RunStatus, runState } from '@ui/run-state';
import { Shown, stateOf } from '@ui/shown';

const SPANS = [
  { hours: 24, label: $localize`:@@runs.day:24 h` },
  { hours: 168, label: $localize`:@@runs.week:7 j` },
  { hours: 720, label: $localize`:@@runs.month:30 j` },
];

/** What a PC did: a lane a pipeline on a line of time, then each run with its steps. */
@Component({
  selector: 'cnp-runs-tab',
  imports: [Ago, Foreseen, RouterLink, RunStatus, Shown],
  templateUrl: './runs-tab.html',
  styleUrl: './runs-tab.scss',
})
export class RunsTab {
  readonly id = input.required<string>();
  readonly version = input.required<string>();
  protected readonly spans = SPANS;
  protected readonly hours = signal(24);
  protected readonly opened = signal('');
  private readonly line = read('/v1/devices/{device_id}/timeline', () => {
    this.version();
    return { path: { device_id: this.id() }, query: { hours: this.hours() } };
  });
  private readonly listed = read('/v1/runs', () => {
    this.version();
    return { query: { device: this.id(), limit: 50 } };
  });
  private readonly ordered = read('/v1/orders', () => {
    this.version();
    return { query: { device: this.id(), limit: 20 } };
  });
  protected readonly timeline = lastGood(this.line, () => String(this.hours()));
  private readonly page = lastGood(this.listed);
  private readonly orders = lastGood(this.ordered);
  protected readonly runs = computed(() => this.page()?.items ?? []);
  protected readonly open = computed(() => (this.orders()?.items ?? []).filter((order) => order.state === 'pending' || order.state === 'delivered'));
  protected readonly problem = computed(() => (this.listed.error() ? problemOf(this.listed.error()) : undefined));
  protected readonly state = computed(() => stateOf(this.page() && this.runs().length + this.open().length, this.problem()));
  protected readonly lineProblem = computed(() => (this.line.error() ? problemOf(this.line.error()) : undefined));
  protected readonly lineState = computed(() => stateOf(this.timeline()?.lanes.length, this.lineProblem()));
  protected readonly marks = computed(() => {
    const found = this.timeline();
    if (!found) {
      return [];
    }
    const [from, to] = [Date.parse(found.since), Date.parse(found.until)];
    return [0, 0.25, 0.5, 0.75, 1].map((at) => ({ at: at * 100, label: this.hours() === 24 ? clock(from + at * (to - from)) : day(from + at * (to - from)).replace(/ \d{4}$/, '') }));
  });
  protected readonly count = count;

  protected reload(): void {
    [this.line, this.listed, this.ordered].forEach((one) => one.reload());
  }

  protected toneOf(state: string): string {
    return runState(state).tone;
  }

  protected placed(span: Message<'Span'>): { left: number; width: number } {
    const found = this.timeline();
    const [from, to] = [Date.parse(found?.since ?? ''), Date.parse(found?.until ?? '')];
    const share = (at: number) => Math.min(100, Math.max(0, ((at - from) / (to - from)) * 100));
    const [left, right] = [share(Date.parse(span.at)), share(span.until ? Date.parse(span.until) : to)];
    return { left: Math.min(left, 99.2), width: Math.max(0.8, right - left) };
  }

  protected sentence(span: Message<'Span'>): string {
    const length = span.until ? ` (${duration(Math.max(0, (Date.parse(span.until) - Date.parse(span.at)) / 1000))})` : '';
    return `${runState(span.state).label}, ${instant(span.at)}${length}${span.code ? `, ${span.code}` : ''}`;
  }

  protected laneSentence(lane: Message<'Lane'>): string {
    const states = new Map<string, number>();
    lane.spans.forEach((span) => states.set(span.state, (states.get(span.state) ?? 0) + 1));
    return `${lane.pipeline} : ${[...states].map(([state, number]) => `${runState(state).label} ${count(number)}`).join(', ')}`;
  }

  protected toggle(id: string): void {
    this.opened.update((held) => (held === id ? '' : id));
  }

  protected took(run: Message<'Run'>): string {
    return run.started_at ? duration(Math.max(0, (Date.parse(run.finished_at) - Date.parse(run.started_at)) / 1000)) : '';
  }

  protected lasted(seconds: number | undefined): string {
    return duration(seconds ?? 0);
  }
}

import { Component, computed, inject, linkedSignal, signal } from '@angular/core';
import { RouterLink } from '@angular/router';
import { KeyRound } from 'lucide';
import { Api, Message, read } from '@core/api/api';
import { duration, instant } from '@core/format';
import { lastGood } from '@core/last-good';
import { Live } from '@core/live';
import { Now } from '@core/now';
import { problemOf } from '@core/problem';
import { Sending } from '@core/sending';
import { Session } from '@core/session';
import { Ago } from '@ui/ago';
import { Copy } from '@ui/copy';
import { Icon } from '@ui/icon';
import { PageHeader } from '@ui/page-header';
import { Value } from '@ui/parameters';
import { Shown, stateOf } from '@ui/shown';
import { Status } from '@ui/status';
import { Tone } from '@ui/tone';
import { filled, NO_WORDS, USUAL, wordFaults, Words } from './asked';
import { collections } from './collections';
import { LogParameters } from './parameters';

type Code = Message<'LogCode'>;
const HOUR_S = 3_600;
const STATES: Record<Code['state'], { readonly word: string; readonly tone: Tone }> = {
  waiting: { word: $localize`:@@logs.codeWaiting:En attente`, tone: 'info' },
  claimed: { word: $localize`:@@logs.codeClaimed:Utilisé`, tone: 'ok' },
  expired: { word: $localize`:@@logs.codeExpired:Expiré`, tone: 'idle' },
};

/** Codes that support dictates to whoever sits at a PC; each becomes a log request once it is typed there. */
@Component({
  selector: 'cnp-log-codes',
  imports: [Ago, Copy, Icon, LogParameters, PageHeader, RouterLink, Shown, Status],
  templateUrl: './codes.html',
  styles: `
    .path { margin-bottom: -8px; }
    .form { display: grid; grid-template-columns: minmax(0, 1fr); gap: 16px; max-width: 620px; padding: 16px; }
    form { display: grid; grid-template-columns: minmax(0, 1fr); gap: 14px; }
    form > .button { justify-self: start; }
    .made { display: grid; grid-template-columns: minmax(0, 1fr); gap: 6px; padding: 14px 16px; border: 1px solid var(--brand); border-radius: var(--radius); background: var(--brand-soft); }
    .code { font-size: 34px; font-weight: 620; letter-spacing: 0.08em; line-height: 1.2; }
    .why { max-width: 320px; }
  `,
})
export class LogCodes {
  private readonly api = inject(Api);
  private readonly now = inject(Now).ms;
  private readonly changed = inject(Live).topic('logs');
  protected readonly may = inject(Session).may('request_logs');
  protected readonly sending = new Sending();
  protected readonly known = collections();
  protected readonly chosen = linkedSignal(() => this.known.list()?.[0]?.id ?? '');
  protected readonly schema = computed(() => this.known.list()?.find((one) => one.id === this.chosen())?.schema ?? {});
  protected readonly values = linkedSignal<string, Readonly<Record<string, Value>>>({ source: this.chosen, computation: () => ({}) });
  protected readonly words = signal<Words>(NO_WORDS);
  protected readonly seconds = signal(HOUR_S);
  private readonly isTried = signal(false);
  protected readonly faults = computed(() => (this.isTried() ? wordFaults(this.words()) : {}));
  protected readonly refused = signal('');
  /** Held by this page only: the API says a code once. */
  protected readonly made = signal<Code | undefined>(undefined);
  protected readonly codes = read('/v1/log-codes', () => {
    this.changed();
    this.now(); // they expire by themselves
    return { query: { limit: 50 } };
  });
  private readonly page = lastGood(this.codes);
  protected readonly rows = computed(() => this.page()?.items ?? []);
  protected readonly problem = computed(() => (this.codes.error() ? problemOf(this.codes.error()) : undefined));
  protected readonly state = computed(() => stateOf(this.page()?.items.length, this.problem()));
  protected readonly states = STATES;
  protected readonly lives = [HOUR_S, 8 * HOUR_S, 24 * HOUR_S, 7 * 24 * HOUR_S];
  protected readonly icon = KeyRound;
  protected readonly duration = duration;
  protected readonly instant = instant;

  protected write(change: Partial<Words>): void {
    this.words.update((words) => ({ ...words, ...change }));
  }

  protected async make(): Promise<void> {
    this.isTried.set(true);
    if (!this.chosen() || Object.keys(this.faults()).length || this.sending.busy()) {
      setTimeout(() => document.querySelector<HTMLElement>('form [aria-invalid=true]')?.focus());
      return;
    }
    const { reason, ticket } = this.words();
    const asked = {
      pipeline: this.chosen(), reason: reason.trim(), ticket: ticket.trim(), parameters: filled(this.values()), budget_bytes: USUAL.eachMb * 1e6, keep_days: USUAL.keepDays,
      expires_in_s: this.seconds(), notify: [], forward: false,
    };
    this.refused.set(await this.sending.run(async () => this.made.set(await this.api.post('/v1/log-codes', asked))));
    this.isTried.set(false);
    this.codes.reload();
  }
}

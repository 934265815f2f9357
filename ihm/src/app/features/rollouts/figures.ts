import { Component, computed, input } from '@angular/core';
import { Message } from '@core/api/api';
import { count, share } from '@core/format';
import { Ago } from '@ui/ago';
import { Status } from '@ui/status';
import { Tone } from '@ui/tone';
import { Campaign } from './words';

export type Figures = Message<'SignalFigures'>;

export interface Gauge {
  readonly tone: Tone;
  /** « 9 postes passés sur 210 (4,3 %) »; or why nothing is known. */
  readonly said: string;
  readonly limit: string;
  /** Per cent of the width: the bar, and where its limit stands. */
  readonly part: number;
  readonly mark: number;
}

/** A signal beside its limit: the bar has room for twice the limit, and for what is above it. */
export function gauge(one: Figures): Gauge {
  const isShare = one.max_pct !== null && one.max_pct !== undefined;
  const most = (isShare ? one.max_pct : one.max_records) ?? 0;
  const limit = isShare ? $localize`:@@rollouts.signalLimitShare:seuil ${share(most / 100)}:most:` : $localize`:@@rollouts.signalLimitRecords:seuil ${count(most)}:most: enregistrements`;
  const { ran, devices, records } = one;
  if (one.obstacle) {
    return { tone: 'warn', said: $localize`:@@rollouts.signalUnjudged:Ne peut pas être évalué : ${one.obstacle}:obstacle:. Aucun palier ne s’ouvre.`, limit, part: 0, mark: 50 };
  }
  if (ran === null || ran === undefined || devices === null || devices === undefined) {
    return { tone: 'idle', said: $localize`:@@rollouts.signalNotYet:Pas encore relevé`, limit, part: 0, mark: 50 };
  }
  const value = isShare ? (ran ? (100 * devices) / ran : 0) : (records ?? 0);
  const scale = Math.max(most * 2, value, 1);
  const said = isShare
    ? $localize`:@@rollouts.signalShare:${count(devices)}:n: poste(s) sur ${count(ran)}:of: passés (${share(value / 100)}:pct:)`
    : $localize`:@@rollouts.signalRecords:${count(value)}:n: enregistrement(s) de ${count(devices)}:of: poste(s)`;
  return { tone: value > most ? 'bad' : value > most / 2 ? 'warn' : 'ok', said, limit, part: (100 * value) / scale, mark: (100 * most) / scale };
}

/** The signals that a campaign watches: what each shows at the last look, beside what halts it. */
@Component({
  selector: 'cnp-rollout-figures',
  imports: [Ago, Status],
  template: `
    <div class="card-head">
      <h2 i18n="@@rollouts.signals">Signaux surveillés</h2>
      @if (campaign().signals_at; as at) { <p class="muted small"><ng-container i18n="@@rollouts.signalsAt">relevés</ng-container> <cnp-ago [at]="at" /></p> }
    </div>
    <ul class="plain">
      @for (one of rows(); track $index) {
        <li>
          <p class="name">{{ one.name }}</p>
          <cnp-status [tone]="one.tone" [strong]="one.tone === 'bad'">{{ one.said }}</cnp-status>
          <span class="small muted limit">{{ one.limit }}</span>
          <div class="meter" aria-hidden="true"><i [class]="one.tone" [style.width.%]="one.part"></i><b [style.left.%]="one.mark"></b></div>
        </li>
      }
    </ul>
  `,
  host: { class: 'card' },
  styles: `
    :host { display: block; }
    li { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 2px 14px; padding: 10px 16px 14px; border-top: 1px solid var(--line); }
    .name { grid-column: 1 / -1; font-weight: 600; overflow-wrap: anywhere; }
    .limit { align-self: center; }
    cnp-status { white-space: normal; }
    .meter { position: relative; grid-column: 1 / -1; height: 8px; margin-top: 5px; border-radius: 4px; background: var(--surface-3); }
    .meter i { display: block; height: 8px; border-radius: 4px; }
    .meter .ok { background: var(--ok-fill); } .meter .warn { background: var(--warn-fill); } .meter .bad { background: var(--bad-fill); } .meter .idle { background: var(--idle-fill); }
    .meter b { position: absolute; top: -3px; width: 2px; height: 14px; margin-left: -1px; background: var(--text); }
  `,
})
export class RolloutFigures {
  readonly campaign = input.required<Campaign>();
  protected readonly rows = computed(() => this.campaign().signals.map((one) => ({ name: one.name, ...gauge(one) })));
}

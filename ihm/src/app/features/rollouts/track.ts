import { Component, computed, inject, input, output } from '@angular/core';
import { Check, Lock, Play } from 'lucide';
import { count, share } from '@core/format';
import { Now } from '@core/now';
import { Icon } from '@ui/icon';
import { Segments } from '@ui/segments';
import { bad, Campaign, ended, inTime, moment, nextRingAt, partOf, Ring, segments, success, total } from './words';

interface Step {
  readonly place: number;
  readonly title: string;
  readonly kind: 'open' | 'next' | 'shut';
  readonly said: string;
  readonly ring: Ring;
  readonly rate: string;
  readonly isBad: boolean;
  readonly progress: string;
}

/** The rings of a campaign as a track: who has answered in each, how well, and what the next one waits for. */
@Component({
  selector: 'cnp-track',
  imports: [Icon, Segments],
  template: `
    <ol class="plain">
      @for (step of steps(); track step.place) {
        <li [class]="step.kind">
          <div class="head">
            <span class="dot" aria-hidden="true"><cnp-icon [icon]="icons[step.kind]" [size]="15" /></span>
            <h3>{{ step.title }}</h3>
          </div>
          <p class="small said" [title]="date(step.ring)">{{ step.said }}</p>
          <cnp-segments [segments]="segmentsOf(step.ring.states)" [legend]="false" [thick]="true" />
          <p class="small">{{ step.progress }}</p>
          <p class="small rate" [class.bad]="step.isBad">{{ step.rate }}</p>
          @if (filter()) {
            <button type="button" class="link-button small" (click)="chosen.emit(step.place)" i18n="@@rollouts.seeRing">Voir ses postes</button>
          }
        </li>
      }
    </ol>
  `,
  styles: `
    ol { display: grid; grid-auto-flow: column; grid-auto-columns: minmax(190px, 1fr); overflow-x: auto; padding: 4px 0 2px; }
    li { position: relative; display: grid; align-content: start; gap: 7px; padding: 0 14px 4px 0; }
    li::before { content: ''; position: absolute; top: 12px; left: 26px; right: 0; height: 3px; background: var(--line); }
    li:last-child::before { display: none; }
    li.open::before { background: var(--brand); }
    .head { position: relative; display: flex; align-items: center; }
    .head h3 { padding: 0 10px; background: var(--surface); }
    .dot { display: grid; place-items: center; width: 26px; height: 26px; border-radius: 50%; background: var(--surface-3); color: var(--text-2); }
    .open .dot { background: var(--brand); color: var(--on-brand); }
    .next .dot { box-shadow: inset 0 0 0 2px var(--brand); background: var(--surface); color: var(--brand); }
    .said { min-height: 2.6em; color: var(--text-2); }
    .rate.bad { color: var(--bad); font-weight: 600; }
    .link-button { justify-self: start; min-height: 24px; font-size: 14px; }
    @media (max-width: 600px) {
      ol { grid-auto-flow: row; grid-auto-columns: auto; gap: 14px; }
      li { padding: 0; }
      li::before { display: none; }
      .said { min-height: 0; }
    }
  `,
})
export class Track {
  readonly campaign = input.required<Campaign>();
  readonly filter = input(true);
  readonly chosen = output<number>();
  private readonly now = inject(Now).ms;
  protected readonly icons = { open: Check, next: Play, shut: Lock };
  protected readonly segmentsOf = segments;
  protected readonly steps = computed(() => {
    const { rings, pilots } = this.campaign();
    const open = rings.filter((ring) => ring.is_open).length;
    return rings.map((ring, place): Step => {
      const [states, kind] = [ring.states, place < open ? 'open' : place === open ? 'next' : 'shut'] as const;
      const rate = success(states);
      const least = 1 - (this.campaign().rollout?.max_failed_pct ?? 100) / 100;
      return {
        place, ring, kind,
        title: place === 0 && pilots ? $localize`:@@rollouts.pilotRing:${count(pilots)}:pilots: pilotes + ${partOf(ring.up_to_bp)}:part:` : partOf(ring.up_to_bp),
        said: this.saidOf(ring, kind, place === open - 1),
        progress: $localize`:@@rollouts.ringProgress:${count(ended(states))}:ended: réponses sur ${count(total(states))}:total:`,
        rate: rate === null ? '' : $localize`:@@rollouts.ringRate:${share(rate)}:rate: de réussite, seuil ${share(least)}:least:`,
        isBad: rate !== null && rate < least && bad(states) > 0,
      };
    });
  });

  protected date(ring: Ring): string {
    return $localize`:@@rollouts.ringDate:Pas avant le ${moment(ring.not_before)}:at:`;
  }

  private saidOf(ring: Ring, kind: Step['kind'], isNewest: boolean): string {
    if (kind === 'open') {
      return isNewest ? $localize`:@@rollouts.ringNewest:Ouvert, le plus récent` : $localize`:@@rollouts.ringOpen:Ouvert`;
    }
    if (kind === 'next' && this.campaign().state === 'running') {
      const left = inTime(nextRingAt(this.campaign()), this.now());
      return left ? $localize`:@@rollouts.ringIn:S’ouvre au plus tôt dans ${left}:left:` : $localize`:@@rollouts.ringWaits:S’ouvre dès que les seuils sont tenus`;
    }
    const left = inTime(Date.parse(ring.not_before), this.now());
    return left ? $localize`:@@rollouts.ringShutFor:Fermé encore ${left}:left: au moins` : $localize`:@@rollouts.ringShut:Fermé`;
  }
}

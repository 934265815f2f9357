import { Component, computed, inject, input, output } from '@angular/core';
import { Snowflake } from 'lucide';
import { read } from '@core/api/api';
import { count, day } from '@core/format';
import { Now } from '@core/now';
import { Icon } from '@ui/icon';
import { freezeSaid, heldBy } from './freeze-said';
import { Window } from './weekly';
import { WindowsEditor } from './windows';

export const FASTEST = 1_000_000;
export const LONGEST_DAYS = 400;
const SHOWN = 3;
const MOST_MB = 1_000_000_000;

/** When orders may begin, how many a minute, until when, and what becomes of older campaigns. */
export interface Timing {
  readonly windows: readonly Window[];
  /** Orders a minute; `undefined`: as many as there are devices. */
  readonly perMin: number | undefined;
  /** What the PCs of any hour download, in millions of bytes; `undefined`: no limit. */
  readonly perHourMb: number | undefined;
  readonly days: number;
  readonly supersedes: boolean;
  /** The calendar of freezes does not hold it. */
  readonly throughFreezes: boolean;
}

export const ANY_TIME: Timing = { windows: [], perMin: undefined, perHourMb: undefined, days: 30, supersedes: false, throughFreezes: false };

/** What is wrong with a pace, or a life; empty when nothing is. */
export function timingFault({ perMin, perHourMb, days }: Timing): string {
  const isWhole = (amount: number, most: number) => Number.isInteger(amount) && amount >= 1 && amount <= most;
  if (perMin !== undefined && !isWhole(perMin, FASTEST)) {
    return PACE_FAULT;
  }
  if (perHourMb !== undefined && !(perHourMb >= 0.001 && perHourMb <= MOST_MB)) {
    return VOLUME_FAULT;
  }
  return isWhole(days, LONGEST_DAYS) ? '' : LIFE_FAULT;
}

const PACE_FAULT = $localize`:@@rollouts.paceFault:La cadence est un nombre entier d’ordres par minute, de 1 à ${count(FASTEST)}:most: ; laissez vide pour ne pas la limiter.`;
const VOLUME_FAULT = $localize`:@@rollouts.volumeFault:Le volume par heure est un nombre de mégaoctets, au-dessus de zéro ; laissez vide pour ne pas le limiter.`;
const LIFE_FAULT = $localize`:@@rollouts.lifeFault:La durée de vie va de 1 à ${LONGEST_DAYS}:most: jours entiers.`;

/** The third part of a campaign: time. */
@Component({
  selector: 'cnp-timing',
  imports: [Icon, WindowsEditor],
  template: `
    @if (!onlyEnd()) { <cnp-windows [windows]="value().windows" (windowsChange)="set({ windows: $event })" /> }
    <div class="pair">
      @if (!onlyEnd()) {
        <div class="field"><label for="per-min" i18n="@@rollouts.pace">Cadence : ordres par minute, au plus</label>
          <input #pace id="per-min" type="number" min="1" [max]="fastest" autocomplete="off" i18n-placeholder="@@rollouts.noPace" placeholder="sans limite" [value]="value().perMin ?? ''" [attr.aria-invalid]="fault() === paceFault" (input)="set({ perMin: pace.value === '' ? undefined : pace.valueAsNumber })" />
          <span class="hint">{{ paceSaid() }}</span></div>
        <div class="field"><label for="per-hour" i18n="@@rollouts.perHour">Téléchargements par heure, en Mo, au plus</label>
          <input #volume id="per-hour" type="number" min="0" autocomplete="off" i18n-placeholder="@@rollouts.noPace" placeholder="sans limite" [value]="value().perHourMb ?? ''" [attr.aria-invalid]="fault() === volumeFault" (input)="set({ perHourMb: volume.value === '' ? undefined : volume.valueAsNumber })" />
          <span class="hint" i18n="@@rollouts.perHourHint">Compté sur ce que téléchargent les postes dont l’ordre part dans l’heure, d’après les tailles signées.</span></div>
      }
      <div class="field"><label for="days" i18n="@@rollouts.days">Durée de vie, en jours</label>
        <input #days id="days" type="number" min="1" [max]="longest" [value]="value().days" [attr.aria-invalid]="fault() === lifeFault" (input)="set({ days: days.valueAsNumber })" />
        <span class="hint">{{ until() }}</span></div>
    </div>
    @if (fault(); as wrong) { <p class="fault" role="alert">{{ wrong }}</p> }
    @if (!onlyEnd()) {
      <div class="field">
        <label class="check"><input #ends type="checkbox" [checked]="value().supersedes" (change)="set({ supersedes: ends.checked })" /><ng-container i18n="@@rollouts.supersede">Mettre fin aux déploiements plus anciens du même pipeline</ng-container></label>
        <span class="hint">{{ others() }}</span>
      </div>
      <div class="field">
        <label class="check"><input #through type="checkbox" [checked]="value().throughFreezes" (change)="set({ throughFreezes: through.checked })" /><ng-container i18n="@@rollouts.throughFreezes">Ne pas attendre la fin des gels</ng-container></label>
        @for (one of frozen(); track one.id) { <span class="hint"><cnp-icon [icon]="icon" [size]="14" />&ngsp;<ng-container i18n="@@rollouts.freezeHere">Gel {{ said(one) }} : {{ one.reason }}</ng-container></span> }
        @if (!frozen().length) { <span class="hint" i18n="@@rollouts.noFreezeHere">Aucun gel n’est prévu d’ici sa fin.</span> }
      </div>
    }
  `,
  styles: `
    :host { display: grid; gap: 18px; }
    .pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 230px), 1fr)); gap: 14px; align-items: start; }
    .check { font-weight: 400; }
  `,
})
export class TimingEditor {
  readonly value = input.required<Timing>();
  readonly onlyEnd = input(false);
  /** Name of the pipeline, without its version. */
  readonly pipeline = input('');
  readonly reached = input<number>();
  readonly isCollect = input(false);
  readonly changed = output<Timing>();
  private readonly now = inject(Now).ms;
  protected readonly fastest = FASTEST;
  protected readonly longest = LONGEST_DAYS;
  protected readonly paceFault = PACE_FAULT;
  protected readonly volumeFault = VOLUME_FAULT;
  protected readonly lifeFault = LIFE_FAULT;
  protected readonly fault = computed(() => timingFault(this.value()));
  private readonly alive = read('/v1/campaigns', () => (this.pipeline() && !this.onlyEnd() ? { query: { state: 'running,paused,halted', limit: 200 } } : undefined));
  /** Those that a start would end. */
  readonly older = computed(() => (this.alive.hasValue() ? this.alive.value().items : []).filter((one) => one.pipeline.split('@')[0] === this.pipeline()));
  private readonly calendar = read('/v1/freezes', () => (this.onlyEnd() ? undefined : { query: { limit: 200 } }));
  /** Freezes of its life. */
  protected readonly frozen = computed(() => {
    const now = this.now();
    return heldBy(this.calendar.hasValue() ? this.calendar.value().items : [], this.isCollect(), now, now + (this.value().days || 0) * 86_400_000);
  });
  protected readonly icon = Snowflake;
  protected readonly said = freezeSaid;
  protected readonly until = computed(() => {
    const { days } = this.value();
    return Number.isInteger(days) && days >= 1 && days <= LONGEST_DAYS
      ? $localize`:@@rollouts.untilDay:Jusqu’au ${day(this.now() + days * 86_400_000)}:day: : ensuite, plus rien ne commence.`
      : '';
  });
  protected readonly paceSaid = computed(() => {
    const [perMin, reached] = [this.value().perMin, this.reached()];
    return perMin && reached && !this.fault()
      ? $localize`:@@rollouts.paceTakes:${count(reached)}:n: ordres prennent au moins ${count(Math.ceil(reached / perMin))}:min: min, tous serveurs réunis.`
      : $localize`:@@rollouts.paceHint:Épargne le réseau et les serveurs ; vide, tous les ordres d’un palier partent ensemble.`;
  });
  protected readonly others = computed(() => {
    const older = this.older();
    if (!older.length) {
      return $localize`:@@rollouts.noOlder:Aucun n’est en cours en ce moment ; cela vaudra au démarrage.`;
    }
    const names = older.slice(0, SHOWN).map((one) => `« ${one.name} »`).join(', ');
    return older.length > SHOWN
      ? $localize`:@@rollouts.olderMany:${count(older.length)}:n: en cours, dont ${names}:names:. Leurs ordres pas encore livrés seront annulés.`
      : $localize`:@@rollouts.olderFew:${count(older.length)}:n: en cours : ${names}:names:. Leurs ordres pas encore livrés seront annulés.`;
  });

  protected set(change: Partial<Timing>): void {
    this.changed.emit({ ...this.value(), ...change });
  }
}

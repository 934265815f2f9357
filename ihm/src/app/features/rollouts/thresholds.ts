import { Component, input, output } from '@angular/core';
import { Asked } from './request';

export interface Limits {
  /** Percentages, as people write them: `1, 10, 50, 100`. */
  readonly rings: string;
  readonly days: number;
  readonly rollout: Asked['rollout'];
}

export const USUAL: Limits = {
  rings: '1, 10, 50, 100',
  days: 30,
  rollout: { advance_after_s: 86_400, min_answered_pct: 80, max_failed_pct: 5, max_silent_pct: 30, silent_after_s: 86_400, min_runs: 10 },
};

/** Basis points of rings that rise; `undefined` when they do not. */
export function ringsIn(text: string): number[] | undefined {
  const shares = text.split(/[;,]\s+|[;\s]+|,(?=\d+(?:[,;]|$))/).map((part) => part.replace('%', '').replace(',', '.').trim()).filter(Boolean).map((part) => Math.round(Number(part) * 100));
  const rise = shares.every((share, place) => Number.isInteger(share) && share > (shares[place - 1] ?? 0) && share <= 10_000);
  return shares.length && rise ? shares : undefined;
}

/** In which parts of the fleet, how fast, and what stops it by itself. */
@Component({
  selector: 'cnp-thresholds',
  template: `
    @if (!onlyEnd()) {
      <div class="field wide"><label for="rings" i18n="@@rollouts.ringsLabel">Paliers, en pourcentage du parc</label>
        <input #rings id="rings" autocomplete="off" [attr.aria-invalid]="!valid(rings.value)" [value]="value().rings" (input)="set({ rings: rings.value })" />
        <span class="hint" i18n="@@rollouts.ringsHint">La place d’un poste vient de l’empreinte de son identifiant : personne ne la choisit.</span></div>
      @for (one of fields; track one.key) {
        <div class="field"><label [for]="one.key">{{ one.label }}</label>
          <input #field type="number" min="0" [max]="one.max" [id]="one.key" [value]="value().rollout[one.key] / one.unit" (change)="limit(one.key, field.valueAsNumber * one.unit)" /></div>
      }
    }
    <div class="field"><label for="days" i18n="@@rollouts.days">Durée de vie, en jours</label>
      <input #days id="days" type="number" min="1" max="400" [value]="value().days" (change)="set({ days: bounded(days.valueAsNumber) })" /></div>
  `,
  styles: `
    :host { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 230px), 1fr)); gap: 14px; align-items: end; margin-top: 4px; }
    .wide { grid-column: 1 / -1; }
  `,
})
export class Thresholds {
  readonly value = input.required<Limits>();
  readonly onlyEnd = input(false);
  readonly changed = output<Limits>();
  protected readonly fields = [
    { key: 'advance_after_s', unit: 3_600, max: 9_600, label: $localize`:@@rollouts.advanceAfter:Un palier reste seul, en heures` },
    { key: 'min_answered_pct', unit: 1, max: 100, label: $localize`:@@rollouts.minAnswered:Avance quand ont répondu, en %` },
    { key: 'max_failed_pct', unit: 1, max: 100, label: $localize`:@@rollouts.maxFailed:S’interrompt au-delà d’échecs, en %` },
    { key: 'max_silent_pct', unit: 1, max: 100, label: $localize`:@@rollouts.maxSilent:S’interrompt au-delà sans réponse, en %` },
    { key: 'silent_after_s', unit: 3_600, max: 9_600, label: $localize`:@@rollouts.silentAfter:Sans réponse après, en heures` },
    { key: 'min_runs', unit: 1, max: 100_000, label: $localize`:@@rollouts.minRuns:Ne juge pas avant, en exécutions` },
  ] as const;

  protected set(change: Partial<Limits>): void {
    this.changed.emit({ ...this.value(), ...change });
  }

  protected limit(key: (typeof this.fields)[number]['key'], amount: number): void {
    if (!Number.isNaN(amount) && amount >= 0) {
      this.set({ rollout: { ...this.value().rollout, [key]: Math.round(amount) } });
    }
  }

  protected bounded(days: number): number {
    return Math.min(Math.max(Math.floor(days) || 1, 1), 400);
  }

  protected valid(text: string): boolean {
    return !!ringsIn(text);
  }
}

import { Component, input, output, signal } from '@angular/core';
import { Asked } from './request';

export interface Limits {
  /** Percentages, as people write them: `1, 10, 50, 100`. */
  readonly rings: string;
  readonly rollout: Asked['rollout'];
}

export const USUAL: Limits = {
  rings: '1, 10, 50, 100',
  rollout: { advance_after_s: 86_400, min_answered_pct: 80, max_failed_pct: 5, max_silent_pct: 30, silent_after_s: 86_400, min_runs: 10 },
};

/** Basis points of rings that rise; `undefined` when they do not. */
export function ringsIn(text: string): number[] | undefined {
  const plain = text.replace(/\s*%/g, '').trim();
  // A comma may be that of a decimal: it separates only where nothing else does.
  const by = plain.includes(';') ? ';' : /,\s/.test(plain) ? /,\s+/ : /\s/.test(plain) ? /\s+/ : ',';
  const shares = plain.split(by).map((part) => part.replace(',', '.').trim()).filter(Boolean).map((part) => Math.round(Number(part) * 100));
  const rise = shares.every((share, place) => Number.isInteger(share) && share > (shares[place - 1] ?? 0) && share <= 10_000);
  return shares.length && rise ? shares : undefined;
}

/** In which parts of the fleet, how fast, and what stops it by itself. */
@Component({
  selector: 'cnp-thresholds',
  template: `
    <div class="field wide"><label for="rings" i18n="@@rollouts.ringsLabel">Paliers, en pourcentage du parc</label>
      <input #rings id="rings" autocomplete="off" [attr.aria-invalid]="!valid(rings.value)" [value]="value().rings" (input)="set({ rings: rings.value })" />
      @if (!valid(value().rings)) { <span class="fault" role="alert" i18n="@@rollouts.lacksRings">Les paliers sont des pourcentages qui montent, jusqu’à 100 au plus : 1, 10, 50, 100.</span> }
      <span class="hint" i18n="@@rollouts.ringsHint">La place d’un poste vient de l’empreinte de son identifiant : personne ne la choisit.</span></div>
    @for (one of fields; track one.key) {
      <div class="field"><label [for]="one.key">{{ one.label }}</label>
        <input #field type="number" min="0" [max]="one.max" [id]="one.key" [value]="value().rollout[one.key] / one.unit" [attr.aria-invalid]="!!faults()[one.key]" [attr.aria-describedby]="faults()[one.key] ? one.key + '-fault' : null" (input)="limit(one, field.valueAsNumber)" />
        @if (faults()[one.key]; as wrong) { <span class="fault" [id]="one.key + '-fault'" role="alert">{{ wrong }}</span> }</div>
    }
  `,
  styles: `
    :host { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 230px), 1fr)); gap: 14px; align-items: start; margin-top: 4px; }
    .wide { grid-column: 1 / -1; }
  `,
})
export class Thresholds {
  readonly value = input.required<Limits>();
  readonly changed = output<Limits>();
  /** What is wrong with the first field that cannot be taken, as a sentence; empty when nothing is. */
  readonly faulty = output<string>();
  protected readonly faults = signal<Readonly<Record<string, string>>>({});
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

  /** What cannot be taken is said at its field; what was there before stays meanwhile. */
  protected limit({ key, unit, max }: (typeof this.fields)[number], amount: number): void {
    const isGood = amount >= 0 && amount <= max && (unit > 1 || Number.isInteger(amount));
    this.faults.update((held) => {
      const others = Object.fromEntries(Object.entries(held).filter(([name]) => name !== key));
      return isGood ? others : { ...others, [key]: $localize`:@@rollouts.numberFault:Un nombre de 0 à ${max}:most:.` };
    });
    this.faulty.emit(Object.values(this.faults())[0] ?? '');
    if (isGood) {
      this.set({ rollout: { ...this.value().rollout, [key]: Math.round(amount * unit) } });
    }
  }

  protected valid(text: string): boolean {
    return !!ringsIn(text);
  }
}

import { Component, computed, effect, input, linkedSignal, output, signal } from '@angular/core';
import { Plus, X } from 'lucide';
import { read } from '@core/api/api';
import { Icon } from '@ui/icon';

export type Condition = Record<string, unknown>;
type Mode = 'all' | 'rules' | 'json';

interface Rule {
  readonly fact: string;
  readonly op: string;
  readonly value: string;
}

const FACTS = ['os.family', 'os.version', 'agent.version', 'product.version', 'device.id', 'device.practice', 'hardware.memory_bytes'];
const NUMBERS = ['lt', 'le', 'gt', 'ge'];

const BARE: readonly { readonly id: Mode; readonly label: string }[] = [
  { id: 'rules', label: $localize`:@@rollouts.condTheseTests:Ces tests tiennent tous` },
  { id: 'json', label: $localize`:@@rollouts.condJsonHolds:La condition écrite tient` },
];

/** A value as the condition wants it: a number for what compares numbers, a list for « parmi », else a text or a boolean. */
function valueOf({ op, value }: Rule): unknown {
  const text = value.trim();
  if (op === 'exists') {
    return true;
  }
  if (op === 'in') {
    return text.split(',').map((part) => part.trim()).filter(Boolean);
  }
  if (NUMBERS.includes(op) || op === 'eq_number') {
    return Number(text.replace(',', '.'));
  }
  return text === 'true' || text === 'false' ? text === 'true' : text;
}

/** Whom it is for: every device, a few tests that must all hold, or the condition itself for those who write it. */
@Component({
  selector: 'cnp-condition',
  imports: [Icon],
  templateUrl: './condition.html',
  styles: `
    :host { display: grid; gap: 12px; }
    fieldset { display: flex; flex-wrap: wrap; gap: 6px 22px; margin: 0; padding: 0; border: 0; }
    legend { margin-bottom: 6px; padding: 0; }
    .rule { display: grid; grid-template-columns: minmax(0, 1.2fr) minmax(0, 1fr) minmax(0, 1.2fr) auto; gap: 8px; align-items: end; }
    textarea { min-height: 180px; font: 14px/1.5 var(--font-mono); }
    .add { justify-self: start; }
    @media (max-width: 600px) { .rule { grid-template-columns: minmax(0, 1fr) auto; } .rule > .field { grid-column: 1 / -1; } .rule > .field:nth-of-type(3) { grid-column: 1; } }
  `,
})
export class ConditionEditor {
  readonly fault = input('');
  /** Of its ids, where several are on a page. */
  readonly prefix = input('condition');
  /** A condition of its own, not whom a campaign is for: « every device » would say nothing. */
  readonly bare = input(false);
  readonly changed = output<Condition | undefined>();
  protected readonly mode = linkedSignal<Mode>(() => (this.bare() ? 'rules' : 'all'));
  protected readonly rules = linkedSignal<readonly Rule[]>(() => [this.bare() ? { fact: '', op: 'eq', value: '' } : { fact: 'os.family', op: 'eq', value: 'windows' }]);
  protected readonly text = signal('{\n  "all": [\n    {"fact": "os.family", "op": "eq", "value": "windows"}\n  ]\n}');
  private readonly known = read('/v1/catalog/facts');
  protected readonly facts = computed(() => (this.known.hasValue() ? this.known.value().items.map((one) => one.id) : FACTS));
  protected readonly shownModes = computed(() => (this.bare() ? BARE : this.modes));
  protected readonly icons = { Plus, X };
  protected readonly modes: readonly { id: Mode; label: string }[] = [
    { id: 'all', label: $localize`:@@rollouts.condAll:Tous les postes` },
    { id: 'rules', label: $localize`:@@rollouts.condRules:Ceux qui passent ces tests` },
    { id: 'json', label: $localize`:@@rollouts.condJson:Condition écrite` },
  ];
  protected readonly ops = [
    { id: 'eq', word: $localize`:@@rollouts.opEq:est` },
    { id: 'in', word: $localize`:@@rollouts.opIn:est parmi (a, b, c)` },
    { id: 'version_lt', word: $localize`:@@rollouts.opVersionLt:version avant` },
    { id: 'version_ge', word: $localize`:@@rollouts.opVersionGe:version à partir de` },
    { id: 'version_eq', word: $localize`:@@rollouts.opVersionEq:version égale à` },
    { id: 'lt', word: $localize`:@@rollouts.opLt:nombre inférieur à` },
    { id: 'ge', word: $localize`:@@rollouts.opGe:nombre d’au moins` },
    { id: 'eq_number', word: $localize`:@@rollouts.opEqNumber:nombre égal à` },
    { id: 'matches', word: $localize`:@@rollouts.opMatches:suit le motif` },
    { id: 'exists', word: $localize`:@@rollouts.opExists:est connu` },
  ];
  protected readonly condition = computed<Condition | undefined>(() => {
    if (this.mode() === 'all') {
      return { all: [] };
    }
    if (this.mode() === 'json') {
      try {
        const read: unknown = JSON.parse(this.text());
        return typeof read === 'object' && read !== null ? (read as Condition) : undefined;
      } catch {
        return undefined;
      }
    }
    const whole = this.rules().filter((rule) => rule.fact.trim() && (rule.op === 'exists' || rule.value.trim()));
    return whole.length ? { all: whole.map((rule) => ({ fact: rule.fact.trim(), op: rule.op === 'eq_number' ? 'eq' : rule.op, value: valueOf(rule) })) } : undefined;
  });

  constructor() {
    effect(() => this.changed.emit(this.condition()));
  }

  protected set(place: number, change: Partial<Rule>): void {
    this.rules.update((rules) => rules.map((rule, at) => (at === place ? { ...rule, ...change } : rule)));
  }

  protected add(): void {
    this.rules.update((rules) => [...rules, { fact: '', op: 'eq', value: '' }]);
  }

  protected drop(place: number): void {
    this.rules.update((rules) => rules.filter((_, at) => at !== place));
  }
}

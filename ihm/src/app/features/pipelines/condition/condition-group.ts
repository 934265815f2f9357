import { Component, computed, forwardRef, input, output } from '@angular/core';
import { Plus, Trash2 } from 'lucide';
import { Icon } from '@ui/icon';
import { Group, KnownFact, Leaf, Node, OPERATORS, operatorsOf, textOf, valueOf } from './tree';

let serial = 0;

/** A group of conditions: all or any of them, or not; with groups inside it. What is inside a group is set off by a line. */
@Component({
  selector: 'cnp-condition-group',
  imports: [Icon, forwardRef(() => ConditionGroup)],
  templateUrl: './condition-group.html',
  styleUrl: './condition-group.scss',
})
export class ConditionGroup {
  readonly group = input.required<Group>();
  readonly facts = input.required<readonly KnownFact[]>();
  readonly isRoot = input(false);
  readonly disabled = input(false);
  readonly changed = output<Group>();
  readonly removed = output();
  protected readonly id = `condition-${++serial}`;
  protected readonly icons = { Plus, Trash2 };
  protected readonly words = { operators: OPERATORS, textOf };
  protected readonly byName = computed(() => new Map(this.facts().map((fact) => [fact.id, fact])));
  protected readonly kinds = [
    { id: 'all', label: $localize`:@@pipelines.condition.all:toutes ces conditions` },
    { id: 'any', label: $localize`:@@pipelines.condition.any:au moins une de ces conditions` },
    { id: 'not-all', label: $localize`:@@pipelines.condition.notAll:pas toutes ces conditions` },
    { id: 'not-any', label: $localize`:@@pipelines.condition.notAny:aucune de ces conditions` },
  ];
  protected readonly kind = computed(() => `${this.group().negated ? 'not-' : ''}${this.group().kind}`);

  protected turn(kind: string): void {
    this.changed.emit({ ...this.group(), negated: kind.startsWith('not-'), kind: kind.endsWith('all') ? 'all' : 'any' });
  }

  protected replace(at: number, by: Node | undefined): void {
    const members = this.group().members.flatMap((member, number) => (number === at ? (by ? [by] : []) : [member]));
    this.changed.emit({ ...this.group(), members });
  }

  protected addTest(): void {
    const fact = this.facts().find((one) => one.id === 'os.family') ?? this.facts()[0];
    const first: Leaf = { kind: 'test', negated: false, test: { fact: fact?.id ?? 'os.family', op: 'eq', value: fact?.values?.[0] ?? 'windows' } };
    this.changed.emit({ ...this.group(), members: [...this.group().members, first] });
  }

  protected addGroup(): void {
    this.changed.emit({ ...this.group(), members: [...this.group().members, { kind: 'any', negated: false, members: [] }] });
  }

  protected setFact(at: number, leaf: Leaf, fact: string): void {
    const known = this.byName().get(fact);
    const types = this.typesOf(fact);
    const op = operatorsOf(types).includes(leaf.test.op) ? leaf.test.op : 'eq';
    const value = op === 'exists' ? true : (known?.values?.[0] ?? leaf.test.value);
    this.replace(at, { ...leaf, test: { fact, op, value: op === 'in' ? [value].flat() : value } });
  }

  protected setOperator(at: number, leaf: Leaf, op: string): void {
    const text = typeof leaf.test.value === 'boolean' && op !== 'exists' ? String(this.byName().get(leaf.test.fact)?.values?.[0] ?? '') : textOf(op === 'in' ? [leaf.test.value].flat() : leaf.test.value);
    this.replace(at, { ...leaf, test: { ...leaf.test, op, value: op === 'exists' ? true : valueOf(text, op, this.typesOf(leaf.test.fact)) } });
  }

  protected setValue(at: number, leaf: Leaf, text: string): void {
    this.replace(at, { ...leaf, test: { ...leaf.test, value: valueOf(text, leaf.test.op, this.typesOf(leaf.test.fact)) } });
  }

  protected operators(leaf: Leaf): readonly string[] {
    const usual = operatorsOf(this.typesOf(leaf.test.fact));
    return usual.includes(leaf.test.op) ? usual : [leaf.test.op, ...usual];
  }

  protected typesOf(fact: string): readonly string[] {
    return this.byName().get(fact)?.types ?? ['text'];
  }

  protected countOf(leaf: Leaf): string {
    const known = this.byName().get(leaf.test.fact);
    return known ? '' : $localize`:@@pipelines.condition.unknownFact:Aucun poste n’a ce fait.`;
  }
}

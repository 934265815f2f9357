import { Component, computed, input, output } from '@angular/core';
import { parseDocument } from 'yaml';
import { ConditionGroup } from './condition-group';
import { withCondition } from './in-text';
import { dataOf, Group, KnownFact, treeOf } from './tree';

/** The condition of a text as a form: what is changed here is written there, and nothing else of the text moves. */
@Component({
  selector: 'cnp-condition-builder',
  imports: [ConditionGroup],
  template: `
    @if (root(); as group) {
      <cnp-condition-group [group]="group" [facts]="facts()" [isRoot]="true" [disabled]="readOnly()" (changed)="write($event)" />
    } @else {
      <p class="banner warn" i18n="@@pipelines.condition.other">La condition du texte a des fautes : corrigez-la dans l’onglet Texte, elle se montrera ici.</p>
    }
  `,
})
export class ConditionBuilder {
  readonly text = input.required<string>();
  readonly facts = input.required<readonly KnownFact[]>();
  readonly readOnly = input(false);
  readonly changed = output<string>();
  protected readonly root = computed<Group | undefined>(() => {
    const document = parseDocument(this.text());
    const data = document.errors.length ? null : (document.toJS() as unknown);
    if (typeof data !== 'object' || data === null) return undefined;
    const held = (data as Record<string, unknown>)['condition'];
    const found = held === undefined || held === null ? { kind: 'all' as const, negated: false, members: [] } : treeOf(held);
    return found?.kind === 'test' ? undefined : found;
  });

  protected write(group: Group): void {
    const isEmpty = group.members.length === 0 && group.kind === 'all' && !group.negated;
    this.changed.emit(withCondition(this.text(), isEmpty ? undefined : dataOf(group)));
  }
}

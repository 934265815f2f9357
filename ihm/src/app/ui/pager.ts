import { Component, input, output } from '@angular/core';
import { ChevronLeft, ChevronRight } from 'lucide';
import { Icon } from './icon';

/** Previous and next page of a list that the server pages; the words before them are projected. */
@Component({
  selector: 'cnp-pager',
  imports: [Icon],
  template: `
    <span class="muted"><ng-content /></span>
    <div class="actions">
      <button type="button" class="button small" [disabled]="!hasPrevious()" (click)="previous.emit()"><cnp-icon [icon]="icons.ChevronLeft" [size]="16" /><ng-container i18n="@@ui.previous">Précédents</ng-container></button>
      <button type="button" class="button small" [disabled]="!hasNext()" (click)="next.emit()"><ng-container i18n="@@ui.next">Suivants</ng-container><cnp-icon [icon]="icons.ChevronRight" [size]="16" /></button>
    </div>
  `,
  host: { class: 'table-foot' },
})
export class Pager {
  readonly hasPrevious = input(false);
  readonly hasNext = input(false);
  readonly previous = output();
  readonly next = output();
  protected readonly icons = { ChevronLeft, ChevronRight };
}

import { CdkMenuModule } from '@angular/cdk/menu';
import { Component, input, output } from '@angular/core';
import { Check, Columns3 } from 'lucide';
import { Icon } from '@ui/icon';
import { Pressed } from '@ui/pressed';
import { Column, OWN_COLUMNS } from './columns';

/** Which columns the table shows: its own, and facts; the menu opens at once. */
@Component({
  selector: 'cnp-columns-menu',
  imports: [CdkMenuModule, Icon, Pressed],
  template: `
    <button cnpPressed type="button" class="button quiet" [cdkMenuTriggerFor]="menu"><cnp-icon [icon]="icons.Columns3" /><ng-container i18n="@@devices.columns">Colonnes</ng-container></button>
    <ng-template #menu>
      <div class="menu columns" cdkMenu>
        <div class="menu-title" role="presentation" i18n="@@devices.columns">Colonnes</div>
        @for (column of ownColumns; track column.id) {
          <button type="button" cdkMenuItemCheckbox [cdkMenuItemChecked]="has(column.id)" [cdkMenuItemDisabled]="column.id === 'hostname'" (cdkMenuItemTriggered)="toggled.emit(column.id)">
            <cnp-icon [icon]="icons.Check" [size]="16" [style.visibility]="has(column.id) ? 'visible' : 'hidden'" />{{ column.label }}
          </button>
        }
        @if (facts().length) {
          <hr />
          <div class="menu-title" role="presentation" i18n="@@devices.facts">Données des postes</div>
          @for (name of facts(); track name) {
            <button type="button" cdkMenuItemCheckbox [cdkMenuItemChecked]="has('fact:' + name)" (cdkMenuItemTriggered)="toggled.emit('fact:' + name)">
              <cnp-icon [icon]="icons.Check" [size]="16" [style.visibility]="has('fact:' + name) ? 'visible' : 'hidden'" /><span class="mono">{{ name }}</span>
            </button>
          }
        }
      </div>
    </ng-template>
  `,
})
export class ColumnsMenu {
  readonly shown = input.required<readonly Column[]>();
  /** Names of the facts of the rows that are shown. */
  readonly facts = input.required<readonly string[]>();
  /** The id of a column to show, or to show no more. */
  readonly toggled = output<string>();
  protected readonly icons = { Check, Columns3 };
  protected readonly ownColumns = OWN_COLUMNS;

  protected has(id: string): boolean {
    return this.shown().some((one) => one.id === id);
  }
}

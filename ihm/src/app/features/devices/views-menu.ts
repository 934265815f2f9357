import { Component, inject, output, signal } from '@angular/core';
import { Bookmark } from 'lucide';
import { Settled } from '@core/settled';
import { Icon } from '@ui/icon';
import { SavedViews } from './saved-views';

/** The button of the saved views; they come when it is pressed. */
@Component({
  selector: 'cnp-views-menu',
  imports: [Icon, SavedViews],
  template: `
    @defer (when wanted(); prefetch when settled()) {
      <cnp-saved-views (opened)="opened.emit($event)" />
    } @placeholder {
      <button type="button" class="button" (click)="wanted.set(true)" (keydown.arrowdown)="wanted.set(true)" aria-haspopup="menu" aria-expanded="false"><cnp-icon [icon]="Bookmark" /><ng-container i18n="@@views.views">Vues</ng-container></button>
    }
  `,
})
export class ViewsMenu {
  readonly opened = output<string>();
  protected readonly wanted = signal(false);
  protected readonly settled = inject(Settled).is;
  protected readonly Bookmark = Bookmark;
}

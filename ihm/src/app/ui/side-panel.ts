import { A11yModule } from '@angular/cdk/a11y';
import { Component, input, output } from '@angular/core';
import { X } from 'lucide';
import { Icon } from './icon';

/** Details beside a list, without leaving it: Escape closes it and the focus goes back. */
@Component({
  selector: 'cnp-side-panel',
  imports: [A11yModule, Icon],
  template: `
    <div class="panel" cdkTrapFocus cdkTrapFocusAutoCapture role="dialog" aria-modal="true" [attr.aria-label]="title()" (keydown.escape)="$event.stopPropagation(); closed.emit()">
      <header>
        <h2>{{ title() }}</h2>
        <button type="button" class="button quiet icon-only" (click)="closed.emit()" [attr.aria-label]="closeLabel"><cnp-icon [icon]="X" /></button>
      </header>
      <div class="content"><ng-content /></div>
    </div>
    <div class="veil" aria-hidden="true" (click)="closed.emit()"></div>
  `,
  styles: `
    .panel {
      position: fixed; inset: 0 0 0 auto; z-index: 900; display: grid; grid-template-rows: auto 1fr; width: min(440px, 100vw);
      border-left: 1px solid var(--line); background: var(--surface); box-shadow: var(--shadow-2);
    }
    .veil { position: fixed; inset: 0; z-index: 890; background: rgb(8 20 15 / 0.18); }
    header { display: flex; align-items: center; justify-content: space-between; gap: 12px; padding: 14px 16px; border-bottom: 1px solid var(--line); }
    .content { padding: 16px; overflow: auto; }
    h2 { font-size: 18px; overflow-wrap: anywhere; }
  `,
})
export class SidePanel {
  readonly title = input.required<string>();
  readonly closed = output();
  protected readonly X = X;
  protected readonly closeLabel = $localize`:@@ui.close:Fermer`;
}

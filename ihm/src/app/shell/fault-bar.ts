import { Component, inject } from '@angular/core';
import { RefreshCw, TriangleAlert, X } from 'lucide';
import { Faults } from '@core/faults';
import { Icon } from '@ui/icon';

/** Over the foot of the page: something failed that nothing else tells of. */
@Component({
  selector: 'cnp-fault-bar',
  imports: [Icon],
  template: `
    <div role="alert">
      @if (faults.last(); as fault) {
        <div class="bar">
          <cnp-icon [icon]="fault === 'update' ? icons.RefreshCw : icons.TriangleAlert" [size]="20" />
          <p>
            @if (fault === 'update') {
              <ng-container i18n="@@fault.update">Canopée a été mis à jour. Rechargez la page pour continuer.</ng-container>
            } @else {
              <ng-container i18n="@@fault.fault">Une partie de cette page a échoué. Ce que vous avez saisi est encore là ; rechargez si l’affichage reste incomplet.</ng-container>
            }
          </p>
          <button type="button" class="button small" (click)="reload()" i18n="@@fault.reload">Recharger</button>
          <button type="button" class="button quiet icon-only small" (click)="faults.forget()" i18n-aria-label="@@ui.close" aria-label="Fermer"><cnp-icon [icon]="icons.X" [size]="16" /></button>
        </div>
      }
    </div>
  `,
  styles: `
    .bar {
      position: fixed; inset: auto 0 20px 0; z-index: 1050; display: flex; align-items: center; gap: 12px; width: fit-content; max-width: min(680px, calc(100vw - 24px)); margin: 0 auto;
      padding: 10px 10px 10px 16px; border: 1px solid var(--line-strong); border-radius: var(--radius); background: var(--surface); box-shadow: var(--shadow-2); font-size: 15px;
    }
    .bar > cnp-icon { flex: none; color: var(--warn); }
    .button { flex: none; }
  `,
})
export class FaultBar {
  protected readonly faults = inject(Faults);
  protected readonly icons = { RefreshCw, TriangleAlert, X };

  protected reload(): void {
    location.reload();
  }
}

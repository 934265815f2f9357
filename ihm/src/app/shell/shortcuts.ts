import { DialogRef } from '@angular/cdk/dialog';
import { Component, computed, inject } from '@angular/core';
import { bySection } from '@core/feature';
import { read } from '@core/api/api';
import { Preferences } from '@core/preferences';
import { Session } from '@core/session';
import { FEATURES } from '../features.gen';

@Component({
  selector: 'cnp-shortcuts',
  template: `
    <div class="dialog">
      <h2 id="shortcuts-title" i18n="@@shell.shortcuts">Raccourcis clavier</h2>
      <dl class="facts">
        <dt><kbd>Ctrl</kbd> <kbd>K</kbd></dt><dd i18n="@@keys.palette">Chercher un poste, une page, une action</dd>
        <dt><kbd>/</kbd></dt><dd i18n="@@keys.search">Aller à la recherche de la page</dd>
        @for (feature of features; track feature.id) { <dt><kbd>g</kbd> <kbd>{{ feature.key }}</kbd></dt><dd>{{ feature.label }}</dd> }
        <dt><kbd>?</kbd></dt><dd i18n="@@keys.help">Cette liste</dd>
        <dt><kbd>Échap</kbd></dt><dd i18n="@@keys.escape">Fermer ce qui est au-dessus</dd>
      </dl>
      <label class="check">
        <input type="checkbox" [checked]="preferences.letterKeys() === 'yes'" (change)="preferences.letterKeys.set(box.checked ? 'yes' : 'no')" #box />
        <ng-container i18n="@@keys.letters">Raccourcis d’une seule lettre</ng-container>
      </label>
      @if (version(); as known) { <p class="muted small">Canopée {{ known }}</p> }
      <div class="actions"><button type="button" class="button" (click)="ref.close()" i18n="@@ui.close">Fermer</button></div>
    </div>
  `,
  styles: `kbd { padding: 1px 7px; border: 1px solid var(--line-strong); border-radius: 4px; background: var(--surface-2); color: var(--text); font: 600 13px var(--font); }`,
})
export class Shortcuts {
  private readonly session = inject(Session);
  protected readonly preferences = inject(Preferences);
  protected readonly ref = inject(DialogRef);
  private readonly status = read('/v1/status', () => (this.session.may('read') ? {} : undefined));
  protected readonly version = computed(() => (this.status.hasValue() ? this.status.value()?.version : undefined));
  protected readonly features = bySection(FEATURES).filter((feature) => feature.key && this.session.may(feature.right));
}

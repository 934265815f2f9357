import { CdkMenu, CdkMenuItem, CdkMenuItemRadio, CdkMenuTrigger } from '@angular/cdk/menu';
import { Component, inject } from '@angular/core';
import { RouterLink } from '@angular/router';
import { Check, LogOut, UserRound } from 'lucide';
import { Lang, lang, speak } from '@core/lang';
import { Preferences, Theme } from '@core/preferences';
import { Session } from '@core/session';
import { Icon } from '@ui/icon';
import { Pressed } from '@ui/pressed';

/** The button of the theme with its menu, which opens at once; the button shows what it is given. */
@Component({
  selector: 'cnp-theme-menu',
  imports: [CdkMenu, CdkMenuItemRadio, CdkMenuTrigger, Icon, Pressed],
  template: `
    <button cnpPressed type="button" class="button quiet icon-only" [cdkMenuTriggerFor]="menu" i18n-aria-label="@@theme.label" aria-label="Thème" i18n-title="@@theme.label" title="Thème"><ng-content /></button>
    <ng-template #menu>
      <div class="menu" cdkMenu>
        @for (theme of themes; track theme.value) {
          <button type="button" cdkMenuItemRadio [cdkMenuItemChecked]="preferences.theme() === theme.value" (cdkMenuItemTriggered)="preferences.theme.set(theme.value)">
            <cnp-icon [icon]="Check" [size]="16" [style.visibility]="preferences.theme() === theme.value ? 'visible' : 'hidden'" />{{ theme.label }}
          </button>
        }
      </div>
    </ng-template>
  `,
})
export class ThemeMenu {
  protected readonly preferences = inject(Preferences);
  protected readonly Check = Check;
  protected readonly themes: readonly { value: Theme; label: string }[] = [
    { value: 'auto', label: $localize`:@@theme.auto:Comme le système` },
    { value: 'light', label: $localize`:@@theme.light:Clair` },
    { value: 'dark', label: $localize`:@@theme.dark:Sombre` },
  ];
}

/** The button of the account with its menu, which opens at once; the button shows what it is given. */
@Component({
  selector: 'cnp-account-menu',
  imports: [CdkMenu, CdkMenuItem, CdkMenuItemRadio, CdkMenuTrigger, Icon, Pressed, RouterLink],
  template: `
    <button cnpPressed type="button" class="account" [cdkMenuTriggerFor]="menu"><ng-content /></button>
    <ng-template #menu>
      <div class="menu" cdkMenu>
        <div class="menu-title" role="presentation">{{ session.login() }}</div>
        <a cdkMenuItem routerLink="/compte"><cnp-icon [icon]="icons.UserRound" [size]="16" /><ng-container i18n="@@account.title">Mon compte</ng-container></a>
        <hr />
        @for (one of langs; track one.value) {
          <button type="button" cdkMenuItemRadio [cdkMenuItemChecked]="lang === one.value" (cdkMenuItemTriggered)="speak(one.value)" [attr.lang]="one.value">
            <cnp-icon [icon]="icons.Check" [size]="16" [style.visibility]="lang === one.value ? 'visible' : 'hidden'" />{{ one.label }}
          </button>
        }
        <hr />
        <button type="button" cdkMenuItem (cdkMenuItemTriggered)="session.close()"><cnp-icon [icon]="icons.LogOut" [size]="16" /><ng-container i18n="@@account.close">Se déconnecter</ng-container></button>
      </div>
    </ng-template>
  `,
  styleUrl: './account-button.scss',
})
export class AccountMenu {
  protected readonly session = inject(Session);
  protected readonly speak = speak;
  protected readonly lang = lang;
  protected readonly icons = { Check, LogOut, UserRound };
  protected readonly langs: readonly { value: Lang; label: string }[] = [
    { value: 'fr', label: 'Français' },
    { value: 'en', label: 'English' },
  ];
}

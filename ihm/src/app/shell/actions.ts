import { inject, Injectable } from '@angular/core';
import { Languages, LogOut, Moon, Rows3, Sun, UserRound } from 'lucide';
import { lang, speak } from '@core/lang';
import { Preferences } from '@core/preferences';
import { Session } from '@core/session';
import type { Line } from './palette';

const ACTION = $localize`:@@palette.action:Action`;

/** What Ctrl+K offers on every page, besides the pages themselves. */
@Injectable({ providedIn: 'root' })
export class Actions {
  private readonly preferences = inject(Preferences);
  private readonly session = inject(Session);

  readonly lines: readonly Line[] = [
    { label: $localize`:@@account.title:Mon compte`, icon: UserRound, link: '/compte' },
    { label: $localize`:@@palette.light:Thème clair`, detail: ACTION, icon: Sun, does: () => this.preferences.theme.set('light') },
    { label: $localize`:@@palette.dark:Thème sombre`, detail: ACTION, icon: Moon, does: () => this.preferences.theme.set('dark') },
    { label: $localize`:@@palette.density:Resserrer ou aérer les tableaux`, detail: ACTION, icon: Rows3, does: () => this.preferences.density.update((held) => (held === 'compact' ? 'comfort' : 'compact')) },
    { label: lang === 'fr' ? 'English' : 'Français', detail: ACTION, icon: Languages, does: () => speak(lang === 'fr' ? 'en' : 'fr') },
    { label: $localize`:@@account.close:Se déconnecter`, detail: ACTION, icon: LogOut, does: () => void this.session.close() },
  ];
}

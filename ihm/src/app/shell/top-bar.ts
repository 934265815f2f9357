import { CdkMenu, CdkMenuItem, CdkMenuItemRadio, CdkMenuTrigger } from '@angular/cdk/menu';
import { Component, computed, inject, output } from '@angular/core';
import { RouterLink } from '@angular/router';
import { Check, ChevronDown, CircleHelp, LogOut, Menu, Moon, Search, Sun, SunMoon, UserRound } from 'lucide';
import { clock } from '@core/format';
import { Lang, lang, speak } from '@core/lang';
import { Live } from '@core/live';
import { Preferences, Theme } from '@core/preferences';
import { Session } from '@core/session';
import { Icon } from '@ui/icon';

/** Search, whether the page is live, theme, language and account. */
@Component({
  selector: 'cnp-top-bar',
  imports: [CdkMenu, CdkMenuItem, CdkMenuItemRadio, CdkMenuTrigger, Icon, RouterLink],
  templateUrl: './top-bar.html',
  styleUrl: './top-bar.scss',
})
export class TopBar {
  readonly menu = output();
  readonly palette = output();
  readonly help = output();
  protected readonly session = inject(Session);
  protected readonly preferences = inject(Preferences);
  protected readonly live = inject(Live);
  protected readonly lang = lang;
  protected readonly icons = { Check, ChevronDown, CircleHelp, LogOut, Menu, Moon, Search, Sun, SunMoon, UserRound };
  protected readonly themes: readonly { value: Theme; label: string }[] = [
    { value: 'auto', label: $localize`:@@theme.auto:Comme le système` },
    { value: 'light', label: $localize`:@@theme.light:Clair` },
    { value: 'dark', label: $localize`:@@theme.dark:Sombre` },
  ];
  protected readonly langs: readonly { value: Lang; label: string }[] = [
    { value: 'fr', label: 'Français' },
    { value: 'en', label: 'English' },
  ];
  protected readonly themeIcon = computed(() => ({ auto: SunMoon, light: Sun, dark: Moon })[this.preferences.theme()]);
  protected readonly initials = computed(() => this.session.login().slice(0, 2).toUpperCase());
  protected readonly liveness = computed(() => {
    const heard = this.live.heardAt();
    switch (this.live.state()) {
      case 'live': return $localize`:@@live.live:En direct`;
      case 'connecting': return $localize`:@@live.connecting:Connexion…`;
      default: return heard ? $localize`:@@live.stale:Données de ${clock(heard)}:time:` : $localize`:@@live.lost:Reconnexion…`;
    }
  });

  protected async speak(chosen: Lang): Promise<void> {
    speak(chosen);
  }
}

import { NgTemplateOutlet } from '@angular/common';
import { Component, computed, inject, output, signal } from '@angular/core';
import { ChevronDown, CircleHelp, Menu, Moon, Search, Sun, SunMoon } from 'lucide';
import { clock } from '@core/format';
import { Live } from '@core/live';
import { Preferences } from '@core/preferences';
import { Session } from '@core/session';
import { Settled } from '@core/settled';
import { Icon } from '@ui/icon';
import { AccountMenu, ThemeMenu } from './menus';

/** Search, whether the page is live, theme, language and account. */
@Component({
  selector: 'cnp-top-bar',
  imports: [AccountMenu, Icon, NgTemplateOutlet, ThemeMenu],
  templateUrl: './top-bar.html',
  styleUrls: ['./top-bar.scss', './account-button.scss'],
})
export class TopBar {
  readonly menu = output();
  readonly palette = output();
  readonly help = output();
  protected readonly session = inject(Session);
  protected readonly preferences = inject(Preferences);
  protected readonly live = inject(Live);
  protected readonly icons = { ChevronDown, CircleHelp, Menu, Moon, Search, Sun, SunMoon };
  protected readonly settled = inject(Settled).is;
  /** The menu that was opened before its code had come. */
  protected readonly wanted = signal<'' | 'theme' | 'account'>('');
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
}

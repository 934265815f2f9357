import { CdkTrapFocus } from '@angular/cdk/a11y';
import { BreakpointObserver } from '@angular/cdk/layout';
import { Component, computed, effect, inject, Injector, signal } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';
import { NavigationEnd, Router, RouterOutlet } from '@angular/router';
import { filter, map } from 'rxjs';
import { Preferences } from '@core/preferences';
import { Session } from '@core/session';
import { Settled } from '@core/settled';
import { Toasts } from '@ui/toast';
import { Keys } from './keys';
import { Navigation } from './navigation';
import type { Overlays } from './overlays';
import { StopBanner } from './stop-banner';
import { TopBar } from './top-bar';
import { typed } from './typed';

const [PHONE, MEDIUM] = ['(max-width: 900px)', '(max-width: 1200px)'];

/** Menu, top bar and the page; what lies over them: palette, shortcuts, the end of the session. */
@Component({
  selector: 'cnp-shell',
  imports: [CdkTrapFocus, Navigation, RouterOutlet, StopBanner, Toasts, TopBar],
  templateUrl: './shell.html',
  styleUrl: './shell.scss',
})
export class Shell {
  private readonly injector = inject(Injector);
  private readonly preferences = inject(Preferences);
  private readonly session = inject(Session);
  private readonly matches = toSignal(inject(BreakpointObserver).observe([PHONE, MEDIUM]).pipe(map((found) => found.breakpoints)), { initialValue: {} as Record<string, boolean> });
  private opener: HTMLElement | null = null;
  protected readonly isPhone = computed(() => !!this.matches()[PHONE]);
  protected readonly isNarrow = computed(() => !this.isPhone() && (!!this.matches()[MEDIUM] || this.preferences.narrowMenu() === 'yes'));
  protected readonly drawer = signal(false);

  constructor() {
    inject(Keys).listen({ palette: () => void this.palette(), help: () => void this.help() });
    const router = inject(Router);
    router.events.pipe(filter((event) => event instanceof NavigationEnd)).subscribe(() => this.drawer.set(false));
    effect(() => {
      if (this.session.ended()) {
        void this.overlays().then((over) => over.ended());
      }
    });
    const settled = inject(Settled).is;
    effect(() => settled() && void this.overlays());
  }

  protected openDrawer(): void {
    this.opener = document.activeElement as HTMLElement | null;
    this.drawer.set(true);
  }

  protected closeDrawer(): void {
    this.drawer.set(false);
    this.opener?.focus();
  }

  protected async palette(): Promise<void> {
    const taken = typed();
    try {
      const over = await this.overlays();
      over.palette(taken());
    } finally {
      taken();
    }
  }

  protected async help(): Promise<void> {
    (await this.overlays()).help();
  }

  private async overlays(): Promise<Overlays> {
    const { Overlays } = await import('./overlays');
    return this.injector.get(Overlays);
  }
}

import { A11yModule } from '@angular/cdk/a11y';
import { BreakpointObserver } from '@angular/cdk/layout';
import { createGlobalPositionStrategy } from '@angular/cdk/overlay';
import { Dialog } from '@angular/cdk/dialog';
import { ApplicationRef, Component, computed, effect, inject, Injector, signal } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';
import { NavigationEnd, Router, RouterOutlet } from '@angular/router';
import { filter, map } from 'rxjs';
import { Preferences } from '@core/preferences';
import { Session } from '@core/session';
import { Toasts } from '@ui/toast';
import { EndedSession } from './ended-session';
import { Keys } from './keys';
import { Navigation } from './navigation';
import { Palette } from './palette';
import { Shortcuts } from './shortcuts';
import { StopBanner } from './stop-banner';
import { TopBar } from './top-bar';

const [PHONE, MEDIUM] = ['(max-width: 900px)', '(max-width: 1200px)'];

/** Menu, top bar and the page; what lies over them: palette, shortcuts, the end of the session. */
@Component({
  selector: 'cnp-shell',
  imports: [A11yModule, Navigation, RouterOutlet, StopBanner, Toasts, TopBar],
  templateUrl: './shell.html',
  styleUrl: './shell.scss',
})
export class Shell {
  private readonly application = inject(ApplicationRef);
  private readonly injector = inject(Injector);
  private readonly dialog = inject(Dialog);
  private readonly preferences = inject(Preferences);
  private readonly session = inject(Session);
  private readonly matches = toSignal(inject(BreakpointObserver).observe([PHONE, MEDIUM]).pipe(map((found) => found.breakpoints)), { initialValue: {} as Record<string, boolean> });
  private opener: HTMLElement | null = null;
  protected readonly isPhone = computed(() => !!this.matches()[PHONE]);
  protected readonly isNarrow = computed(() => !this.isPhone() && (!!this.matches()[MEDIUM] || this.preferences.narrowMenu() === 'yes'));
  protected readonly drawer = signal(false);

  constructor() {
    inject(Keys).listen({ palette: () => this.palette(), help: () => this.help() });
    const router = inject(Router);
    router.events.pipe(filter((event) => event instanceof NavigationEnd)).subscribe(() => this.drawer.set(false));
    effect(() => {
      if (this.session.ended()) {
        this.dialog.open(EndedSession, { disableClose: true, autoFocus: false, ariaLabelledBy: 'ended-title' });
      }
    });
  }

  protected openDrawer(): void {
    this.opener = document.activeElement as HTMLElement | null;
    this.drawer.set(true);
  }

  protected closeDrawer(): void {
    this.drawer.set(false);
    this.opener?.focus();
  }

  protected palette(): void {
    if (!this.dialog.openDialogs.length) {
      this.dialog.open(Palette, { ariaLabel: $localize`:@@palette.label:Aller à…`, positionStrategy: createGlobalPositionStrategy(this.injector).centerHorizontally().top('min(14dvh, 120px)') });
      this.application.tick(); // it is there, and has the focus, before the next key is pressed
    }
  }

  protected help(): void {
    if (!this.dialog.openDialogs.length) {
      this.dialog.open(Shortcuts, { ariaLabelledBy: 'shortcuts-title' });
    }
  }
}

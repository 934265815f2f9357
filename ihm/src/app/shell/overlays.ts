import { Dialog } from '@angular/cdk/dialog';
import { createGlobalPositionStrategy } from '@angular/cdk/overlay';
import { ApplicationRef, inject, Injectable, Injector } from '@angular/core';
import { EndedSession } from './ended-session';
import { Palette } from './palette';
import { Shortcuts } from './shortcuts';

/** What lies over a page; no first screen needs it, so that the shell loads it when it is asked for, or later. */
@Injectable({ providedIn: 'root' })
export class Overlays {
  private readonly application = inject(ApplicationRef);
  private readonly dialog = inject(Dialog);
  private readonly injector = inject(Injector);

  /** Opens with what was typed while it came. */
  palette(typed: string): void {
    if (!this.dialog.openDialogs.length) {
      this.dialog.open(Palette, { data: typed, ariaLabel: $localize`:@@palette.label:Aller à…`, positionStrategy: createGlobalPositionStrategy(this.injector).centerHorizontally().top('min(14dvh, 120px)') });
      this.application.tick(); // it is there, and has the focus, before the next key is pressed
    }
  }

  help(): void {
    if (!this.dialog.openDialogs.length) {
      this.dialog.open(Shortcuts, { ariaLabelledBy: 'shortcuts-title' });
    }
  }

  ended(): void {
    this.dialog.open(EndedSession, { disableClose: true, autoFocus: false, ariaLabelledBy: 'ended-title' });
  }
}

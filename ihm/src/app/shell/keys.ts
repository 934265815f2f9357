import { DOCUMENT, inject, Injectable } from '@angular/core';
import { Router } from '@angular/router';
import { Preferences } from '@core/preferences';
import { Session } from '@core/session';
import { FEATURES } from '../features.gen';

const SECOND_LETTER_MS = 1_200;

/** Keyboard shortcuts of the whole application; single letters can be turned off (WCAG 2.1.4). */
@Injectable({ providedIn: 'root' })
export class Keys {
  private readonly document = inject(DOCUMENT);
  private readonly router = inject(Router);
  private readonly session = inject(Session);
  private readonly preferences = inject(Preferences);
  private leading = 0;

  listen(does: { palette: () => void; help: () => void }): void {
    this.document.addEventListener('keydown', (event) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        does.palette();
      } else if (!event.ctrlKey && !event.metaKey && !event.altKey && !isWriting(event.target) && this.preferences.letterKeys() === 'yes') {
        this.letter(event, does.help);
      }
    });
  }

  private letter(event: KeyboardEvent, help: () => void): void {
    const isSecond = event.timeStamp - this.leading < SECOND_LETTER_MS;
    this.leading = event.key === 'g' ? event.timeStamp : 0;
    const search = this.document.querySelector<HTMLElement>('[data-search]');
    if (event.key === '?') {
      help();
    } else if (event.key === '/' && search) {
      event.preventDefault();
      search.focus();
    } else if (isSecond) {
      const feature = FEATURES.find((one) => one.key === event.key && this.session.may(one.right));
      if (feature) {
        void this.router.navigateByUrl(`/${feature.path}`);
      }
    }
  }
}

function isWriting(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName));
}

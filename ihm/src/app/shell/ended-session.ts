import { DialogRef } from '@angular/cdk/dialog';
import { Component, effect, inject } from '@angular/core';
import { Session } from '@core/session';
import { Credentials } from './credentials';

/** Over the page that somebody was working on: nothing of it is lost. */
@Component({
  selector: 'cnp-ended-session',
  imports: [Credentials],
  template: `
    <div class="dialog">
      <h2 id="ended-title" i18n="@@session.ended">Votre session a pris fin</h2>
      <p class="muted" i18n="@@session.endedDetail">Saisissez à nouveau votre mot de passe : ce que vous étiez en train de faire est gardé.</p>
      <cnp-credentials [known]="session.login()" />
    </div>
  `,
})
export class EndedSession {
  protected readonly session = inject(Session);
  private readonly ref = inject(DialogRef);

  constructor() {
    effect(() => this.session.ended() || this.ref.close()); // signed in here, or in another tab
  }
}

import { afterNextRender, Component, ElementRef, inject, input, output, signal, viewChild } from '@angular/core';
import { problemOf } from '@core/problem';
import { Session } from '@core/session';

/** Login and password, on the page of sign-in and over a page whose session has ended. */
@Component({
  selector: 'cnp-credentials',
  template: `
    <form (submit)="$event.preventDefault(); open(login.value, password.value)">
      <div class="field">
        <label for="login" i18n="@@signin.login">Identifiant</label>
        <input #login id="login" name="login" [value]="known()" [readonly]="!!known()" autocomplete="username" autocapitalize="none" spellcheck="false" required maxlength="64" />
      </div>
      <div class="field">
        <label for="password" i18n="@@signin.password">Mot de passe</label>
        <input #password id="password" name="password" type="password" autocomplete="current-password" required maxlength="256" [attr.aria-invalid]="!!fault()" aria-describedby="sign-in-fault" />
      </div>
      <p id="sign-in-fault" class="fault" role="alert">{{ fault() }}</p>
      <button type="submit" class="button primary" [disabled]="busy()" i18n="@@signin.open">Se connecter</button>
    </form>
  `,
  styles: `form { display: grid; gap: 14px; } .fault:empty { display: none; } .button { width: 100%; min-height: 40px; }`,
})
export class Credentials {
  readonly known = input('');
  readonly opened = output();
  private readonly session = inject(Session);
  private readonly loginBox = viewChild.required<ElementRef<HTMLInputElement>>('login');
  private readonly passwordBox = viewChild.required<ElementRef<HTMLInputElement>>('password');
  protected readonly fault = signal('');
  protected readonly busy = signal(false);

  constructor() {
    afterNextRender(() => (this.known() ? this.passwordBox() : this.loginBox()).nativeElement.focus());
  }

  protected async open(login: string, password: string): Promise<void> {
    this.busy.set(true);
    this.fault.set('');
    try {
      await this.session.open(login.trim(), password);
      this.opened.emit();
    } catch (error) {
      this.fault.set(said(error));
      this.passwordBox().nativeElement.select();
    } finally {
      this.busy.set(false);
    }
  }
}

function said(error: unknown): string {
  const problem = problemOf(error);
  if (problem.code === 'session.refused') {
    return $localize`:@@signin.refused:Identifiant ou mot de passe incorrect.`;
  }
  return problem.status === 429 ? $localize`:@@signin.throttled:Trop d’essais : réessayez dans un quart d’heure.` : `${problem.title}. ${problem.detail}`;
}

import { Component, inject, input } from '@angular/core';
import { Router } from '@angular/router';
import { lang, speak } from '@core/lang';
import { Brand } from './brand';
import { Credentials } from './credentials';

@Component({
  selector: 'cnp-sign-in',
  imports: [Brand, Credentials],
  template: `
    <main>
      <div class="card">
        <cnp-brand />
        <h1 i18n="@@signin.heading">Connexion</h1>
        <cnp-credentials (opened)="enter()" />
        <details>
          <summary i18n="@@signin.first">Première connexion ?</summary>
          <p i18n="@@signin.firstDetail">Le mot de passe du premier administrateur est affiché une seule fois, par <code>canopee up</code>. Un autre compte se crée par <code>canopee user-create</code>.</p>
        </details>
      </div>
      <button type="button" class="link-button small" (click)="other()" [attr.lang]="lang === 'fr' ? 'en' : 'fr'">{{ lang === 'fr' ? 'English' : 'Français' }}</button>
    </main>
  `,
  styles: `
    main { display: grid; place-content: center; justify-items: center; gap: 16px; min-height: 100dvh; padding: 20px; background: radial-gradient(120% 90% at 50% 0, var(--brand-soft), var(--bg) 60%); }
    .card { display: grid; gap: 18px; width: min(380px, calc(100vw - 40px)); padding: 28px; box-shadow: var(--shadow-2); }
    details { color: var(--text-2); font-size: 14px; }
    summary { cursor: pointer; }
    p { margin-top: 6px; }
  `,
})
export class SignIn {
  /** The address to go to once signed in. */
  readonly retour = input<string>();
  private readonly router = inject(Router);
  protected readonly lang = lang;

  protected enter(): void {
    const back = this.retour() ?? '/';
    void this.router.navigateByUrl(back.startsWith('/') && !back.startsWith('//') ? back : '/');
  }

  protected other(): void {
    speak(lang === 'fr' ? 'en' : 'fr');
  }
}

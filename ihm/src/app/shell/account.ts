import { Component, computed, inject, signal } from '@angular/core';
import { Api } from '@core/api/api';
import { Preferences } from '@core/preferences';
import { problemOf } from '@core/problem';
import { ROLES } from '@core/roles';
import { Session } from '@core/session';
import { PageHeader } from '@ui/page-header';
import { Toast } from '@ui/toast';

@Component({ selector: 'cnp-account', imports: [PageHeader], templateUrl: './account.html' })
export class Account {
  private readonly api = inject(Api);
  private readonly toast = inject(Toast);
  protected readonly session = inject(Session);
  protected readonly preferences = inject(Preferences);
  protected readonly fault = signal('');
  protected readonly roles = computed(() => this.session.me()?.roles.map((role) => ROLES[role]).join(', ') ?? '');

  protected async change(form: HTMLFormElement): Promise<void> {
    const given = new FormData(form);
    const [current, password, again] = ['current', 'password', 'again'].map((name) => String(given.get(name)));
    this.fault.set(password === again ? '' : $localize`:@@account.different:Les deux nouveaux mots de passe diffèrent.`);
    if (!this.fault()) {
      try {
        await this.api.post('/v1/me/password', { current: current ?? '', password: password ?? '' });
        form.reset();
        this.toast.say($localize`:@@account.changed:Mot de passe changé. Vos autres sessions ont pris fin.`);
      } catch (error) {
        this.fault.set(problemOf(error).detail);
      }
    }
  }
}

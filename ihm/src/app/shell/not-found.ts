import { Component, computed, inject } from '@angular/core';
import { Router, RouterLink } from '@angular/router';
import { PageHeader } from '@ui/page-header';
import { Shown } from '@ui/shown';
import { Session } from '@core/session';
import { FEATURES } from '../features.gen';

@Component({
  selector: 'cnp-not-found',
  imports: [PageHeader, RouterLink, Shown],
  template: `
    <div class="page">
      @if (missing(); as feature) {
        <cnp-page-header [title]="feature.label" />
        <div class="card"><cnp-shown state="no-right" [right]="feature.right" /></div>
      } @else {
        <h1 i18n="@@shell.notFound">Page introuvable</h1>
        <p class="muted" i18n="@@shell.notFoundDetail">Rien ne se trouve à cette adresse : elle a pu être mal copiée, ou ce qu’elle montrait a été retiré.</p>
        <p><a routerLink="/" i18n="@@shell.home">Revenir à l’accueil</a></p>
      }
    </div>
  `,
})
export class NotFound {
  private readonly session = inject(Session);
  private readonly first = inject(Router).url.split(/[/?#]/)[1];
  protected readonly missing = computed(() => {
    const feature = FEATURES.find((one) => one.path === this.first);
    return feature && !this.session.may(feature.right) ? feature : undefined;
  });
}

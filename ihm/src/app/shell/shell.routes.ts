import { inject } from '@angular/core';
import { Routes } from '@angular/router';
import { Feature, landingOf } from '@core/feature';
import { Session } from '@core/session';
import { FEATURES } from '../features.gen';
import { holdsRight } from './entering';
import '@ui/everywhere';
import { Shell } from './shell';

function landing(): string {
  const session = inject(Session);
  const first = landingOf(FEATURES.filter((feature) => session.may(feature.right)), session.me()?.roles ?? []);
  return first ? `/${first.path}` : '/compte';
}

function routeOf(feature: Feature): Routes[number] {
  return { path: feature.path, title: feature.label, loadChildren: feature.routes, canMatch: [holdsRight(feature)] };
}

export const routes: Routes = [
  {
    path: '',
    component: Shell,
    children: [
      { path: '', pathMatch: 'full', redirectTo: landing },
      ...FEATURES.map(routeOf),
      {
        path: 'compte',
        title: $localize`:@@account.title:Mon compte`,
        loadComponent: () => import('./account').then((module) => module.Account),
      },
      {
        path: '**',
        title: $localize`:@@shell.notFound:Page introuvable`,
        loadComponent: () => import('./not-found').then((module) => module.NotFound),
      },
    ],
  },
];

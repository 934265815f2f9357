import { inject } from '@angular/core';
import { Routes } from '@angular/router';
import { Session } from '@core/session';
import { FEATURES } from './features.gen';
import { bySection, Feature } from '@core/feature';
import { entering, holdsRight } from './shell/entering';

/** The first screen of the menu that this person may see; who has not signed in does so first. */
async function landing(): Promise<string> {
  const session = inject(Session);
  if (!(await session.isOpen())) {
    return '/connexion';
  }
  const first = bySection(FEATURES).find((feature) => session.may(feature.right));
  return first ? `/${first.path}` : '/compte';
}

function routeOf(feature: Feature): Routes[number] {
  return { path: feature.path, title: feature.label, loadChildren: feature.routes, canMatch: [holdsRight(feature)] };
}

export const routes: Routes = [
  {
    path: 'connexion',
    title: $localize`:@@signin.title:Connexion`,
    loadComponent: () => import('./shell/sign-in').then((module) => module.SignIn),
  },
  {
    path: '',
    canActivate: [entering],
    loadComponent: () => import('./shell/shell').then((module) => module.Shell),
    children: [
      { path: '', pathMatch: 'full', redirectTo: landing },
      ...FEATURES.map(routeOf),
      {
        path: 'compte',
        title: $localize`:@@account.title:Mon compte`,
        loadComponent: () => import('./shell/account').then((module) => module.Account),
      },
      {
        path: '**',
        title: $localize`:@@shell.notFound:Page introuvable`,
        loadComponent: () => import('./shell/not-found').then((module) => module.NotFound),
      },
    ],
  },
];

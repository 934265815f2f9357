import { Routes } from '@angular/router';
import { entering } from './shell/entering';

export const routes: Routes = [
  {
    path: 'connexion',
    title: $localize`:@@signin.title:Connexion`,
    loadComponent: () => import('./shell/sign-in').then((module) => module.SignIn),
  },
  { path: '', canMatch: [entering], loadChildren: () => import('./shell/shell.routes').then((module) => module.routes) },
];

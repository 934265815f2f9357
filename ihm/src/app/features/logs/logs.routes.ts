import { Routes } from '@angular/router';

export const routes: Routes = [
  { path: '', loadComponent: async () => (await import('./list')).LogRequests },
  {
    path: 'nouveau',
    title: $localize`:@@logs.new:Demander des journaux`,
    loadComponent: async () => (await import('./wizard')).LogWizard,
  },
  { path: 'codes', title: $localize`:@@logs.codes:Codes à dicter`, loadComponent: async () => (await import('./codes')).LogCodes },
  { path: ':id', loadComponent: async () => (await import('./request')).LogRequestPage },
  { path: ':id/:poste', title: $localize`:@@logs.archive:Archive`, loadComponent: async () => (await import('./archive')).LogArchive },
];

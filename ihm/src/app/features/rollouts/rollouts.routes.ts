import { Routes } from '@angular/router';

export const routes: Routes = [
  { path: '', loadComponent: async () => (await import('./list')).RolloutList },
  {
    path: 'nouveau',
    title: $localize`:@@rollouts.new:Nouveau déploiement`,
    loadComponent: async () => (await import('./wizard')).RolloutWizard,
  },
  {
    path: 'documents/:id',
    title: $localize`:@@rollouts.document:Document à approuver`,
    loadComponent: async () => (await import('./draft')).RolloutDraft,
  },
  {
    path: 'gels',
    title: $localize`:@@rollouts.calendar:Calendrier de gel`,
    loadComponent: async () => (await import('./freezes')).Freezes,
  },
  { path: ':id', loadComponent: async () => (await import('./rollout')).Rollout },
];

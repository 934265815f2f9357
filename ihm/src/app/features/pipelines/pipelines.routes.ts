import { Routes } from '@angular/router';
import { leaving } from './leaving';

export const routes: Routes = [
  { path: '', loadComponent: async () => (await import('./pipelines')).Pipelines },
  {
    path: '-nouveau', // no pipeline has such a name
    title: $localize`:@@pipelines.new:Nouveau pipeline`,
    loadComponent: async () => (await import('./new-pipeline')).NewPipeline,
  },
  { path: ':name', loadComponent: async () => (await import('./pipeline')).Pipeline, canDeactivate: [leaving] },
];

import { Monitor } from 'lucide';
import { Feature } from '@core/feature';

export const feature: Feature = {
  id: 'devices',
  section: 'fleet',
  order: 20,
  path: 'postes',
  label: $localize`:@@devices.nav:Postes`,
  icon: Monitor,
  right: 'read',
  key: 'o',
  screens: ['/{device}', '/{device}?onglet=executions', '/{device}?onglet=diagnostic', '?q=nulle+part'],
  routes: async () => [
    { path: '', loadComponent: async () => (await import('./devices')).Devices },
    { path: ':id', loadComponent: async () => (await import('./device')).Device },
  ],
  finds: async () => (await import('./find')).find,
};

import { ShieldCheck } from 'lucide';
import { Feature } from '@core/feature';

export const feature: Feature = {
  id: 'audit',
  section: 'administration',
  order: 90,
  path: 'audit',
  label: $localize`:@@audit.nav:Journal d’audit`,
  icon: ShieldCheck,
  right: 'administer',
  key: 'a',
  routes: async () => [{ path: '', loadComponent: async () => (await import('./audit')).Audit }],
};

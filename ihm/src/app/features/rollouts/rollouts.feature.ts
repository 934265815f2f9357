import { Rocket } from 'lucide';
import { Feature } from '@core/feature';

export const feature: Feature = {
  id: 'rollouts',
  section: 'fleet',
  order: 40,
  path: 'deploiements',
  label: $localize`:@@rollouts.nav:Déploiements`,
  icon: Rocket,
  right: 'read',
  key: 'd',
  screens: ['/{campaign}', '/nouveau', '?onglet=a-approuver'],
  routes: async () => (await import('./rollouts.routes')).routes,
  finds: async () => (await import('./finds')).find,
};

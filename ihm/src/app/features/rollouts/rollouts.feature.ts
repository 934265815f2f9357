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
  screens: ['/{campaign}', '/{halted}', '/documents/{draft}', '/nouveau?pipeline=prepare_update', '/nouveau?pipeline=prepare_update&etape=2', '/nouveau?pipeline=prepare_update&etape=3', '/nouveau?pipeline=prepare_update&etape=4', '/nouveau?pipeline=prepare_update&etape=5', '?onglet=a-approuver', '?onglet=termines', '/gels'],
  routes: async () => (await import('./rollouts.routes')).routes,
  finds: async () => (await import('./finds')).find,
};

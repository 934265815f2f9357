import { Workflow } from 'lucide';
import { Feature } from '@core/feature';

export const feature: Feature = {
  id: 'pipelines',
  section: 'fleet',
  order: 30,
  path: 'pipelines',
  label: $localize`:@@pipelines.nav:Pipelines`,
  icon: Workflow,
  right: 'read',
  key: 'i',
  screens: ['/-nouveau', '/inventory_hardware', '/replace_predecessor?vue=condition', '/inventory_hardware?vue=versions'],
  routes: async () => (await import('./pipelines.routes')).routes,
  finds: async () => (await import('./find-pipelines')).findPipelines(),
};

import { ScrollText } from 'lucide';
import { Feature } from '@core/feature';

export const feature: Feature = {
  id: 'logs',
  section: 'support',
  order: 10,
  path: 'journaux',
  label: $localize`:@@logs.nav:Journaux`,
  icon: ScrollText,
  right: 'read',
  landingOf: ['support'],
  key: 'j',
  screens: ['/{request}', '/{archive}?fichier=1', '?q=nulle+part', '/codes', '/nouveau', '/nouveau?postes={device}', '/nouveau?postes={device}&etape=2', '/nouveau?postes={device}&etape=3'],
  routes: async () => (await import('./logs.routes')).routes,
  finds: async () => (await import('./finds')).find,
};

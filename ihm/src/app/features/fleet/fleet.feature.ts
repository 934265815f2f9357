import { LayoutDashboard } from 'lucide';
import { Feature } from '@core/feature';

export const feature: Feature = {
  id: 'fleet',
  section: 'fleet',
  order: 10,
  path: 'parc',
  label: $localize`:@@fleet.nav:Vue d’ensemble`,
  icon: LayoutDashboard,
  right: 'read',
  landingOf: ['admin', 'approver', 'author', 'enroller', 'reader', 'support'],
  key: 'p',
  routes: async () => [{ path: '', loadComponent: async () => (await import('./overview')).Overview }],
};

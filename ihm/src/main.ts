import { loadTranslations } from '@angular/localize';
import { allowOwnWorkers } from './app/core/own-scripts';

/** Text is translated before any module of the application is read: module-level strings are translated too. */
async function start(): Promise<void> {
  const held = localStorage.getItem('canopee.lang');
  const lang = held === 'en' ? 'en' : 'fr';
  document.documentElement.lang = lang;
  document.documentElement.dataset['theme'] = localStorage.getItem('canopee.theme') ?? 'auto';
  document.documentElement.dataset['density'] = localStorage.getItem('canopee.density') ?? 'comfort';
  if (localStorage.getItem('canopee.settled')) {
    document.documentElement.dataset['settled'] = '';
  }
  if (lang === 'en') {
    loadTranslations((await import('./i18n/en.gen')).default);
  }
  await (await import('./app/bootstrap')).bootstrap();
}

allowOwnWorkers();
void start();

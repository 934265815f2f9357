import { bootstrapApplication } from '@angular/platform-browser';
import { Settled } from '@core/settled';
import { App } from './app';
import { appConfig } from './app.config';

/** After the first answers, for what they make the page draw and ask. */
const CALM_MS = 1_000;

/**
 * Start the application. A module of ours that is loaded once texts are in the language of the page: of a package of Angular that is
 * loaded so, everything would come.
 */
export async function bootstrap(): Promise<void> {
  const application = await bootstrapApplication(App, appConfig);
  await application.whenStable();
  setTimeout(() => {
    application.injector.get(Settled).is.set(true);
    document.documentElement.dataset['settled'] = '';
    localStorage.setItem('canopee.settled', 'yes'); // the next time, the second font is in the cache
  }, CALM_MS);
}

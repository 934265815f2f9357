export type Lang = 'fr' | 'en';

/** The language of this page; another one is read at the next load. */
export const lang: Lang = document.documentElement.lang === 'en' ? 'en' : 'fr';

/** Keep the choice and load the page again: every text changes. */
export function speak(chosen: Lang): void {
  localStorage.setItem('canopee.lang', chosen);
  location.reload();
}

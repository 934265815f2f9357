import { CanDeactivateFn } from '@angular/router';

/** A screen that holds what was typed and not saved. */
export interface Unsaved {
  /** Keep it in this browser before leaving. */
  keep(): void;
}

/** What was typed is kept in this browser: leaving loses nothing, and asks nothing. */
export const leaving: CanDeactivateFn<Unsaved> = (screen) => {
  screen.keep();
  return true;
};

import { Injectable, signal } from '@angular/core';

/**
 * Whether the first screen is there: drawn, and answered. What it does not need (menus, dialogs, a second font) comes once this is true,
 * or when it is asked for.
 */
@Injectable({ providedIn: 'root' })
export class Settled {
  readonly is = signal(false);
}

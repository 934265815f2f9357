import { Injectable, signal } from '@angular/core';

/** The time, told every fifteen seconds: « il y a 2 min » ages by itself. */
@Injectable({ providedIn: 'root' })
export class Now {
  private readonly held = signal(Date.now());
  readonly ms = this.held.asReadonly();

  constructor() {
    setInterval(() => this.held.set(Date.now()), 15_000);
  }
}

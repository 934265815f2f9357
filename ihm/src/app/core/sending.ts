import { signal } from '@angular/core';
import { problemOf } from './problem';

/** Calls of one page or service that change something, and whether one is under way. */
export class Sending {
  private readonly under = signal(false);
  /** Not while somebody is asked: a button that is disabled takes no focus back. */
  readonly busy = this.under.asReadonly();

  /** Resolves with what went wrong, as a sentence, or with nothing. */
  async run(call: () => Promise<unknown>): Promise<string> {
    this.under.set(true);
    try {
      await call();
      return '';
    } catch (error) {
      return problemOf(error).detail;
    } finally {
      this.under.set(false);
    }
  }
}

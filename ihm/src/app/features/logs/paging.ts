import { signal } from '@angular/core';
import { Router } from '@angular/router';

/** Pages of a list that the server gives one after the other: the address holds where one starts, this where one comes from. */
export class Paging {
  private readonly seen = signal<readonly (string | undefined)[]>([]);

  constructor(
    private readonly router: Router,
    private readonly param: string,
  ) {}

  /** Whether there is a page before this one, that starts `here`. */
  hasPrevious(here: string | undefined): boolean {
    return this.seen().length > 0 || !!here;
  }

  async forward(here: string | undefined, next: string | undefined): Promise<void> {
    const seen = this.seen();
    await this.go(next);
    this.seen.set([...seen, here]);
  }

  /** Back to the page before, or to the first when this one was opened by its address. */
  async back(): Promise<void> {
    const seen = this.seen();
    await this.go(seen.at(-1));
    this.seen.set(seen.slice(0, -1));
  }

  /** Filters changed: where one came from is of others. */
  restart(): void {
    this.seen.set([]);
  }

  private go(start: string | undefined): Promise<boolean> {
    return this.router.navigate([], { queryParams: { [this.param]: start }, queryParamsHandling: 'merge' });
  }
}

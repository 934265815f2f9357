import { HttpErrorResponse } from '@angular/common/http';
import { ErrorHandler, Injectable, signal } from '@angular/core';

/** `update`: a part of the application is no longer on the server, which serves a newer one. */
export type Fault = 'update' | 'fault';

/** As browsers say it, and as Angular does of a part of a template (`@defer`). */
const PART_IS_GONE = /dynamically imported module|Importing a module script failed|error loading dynamically|NG0?750/i;

/** What nobody caught: told on the page, which stays as it is; the console has the whole of it. */
@Injectable({ providedIn: 'root' })
export class Faults implements ErrorHandler {
  private readonly held = signal<Fault | undefined>(undefined);
  readonly last = this.held.asReadonly();

  handleError(error: unknown): void {
    console.error(error); // eslint-disable-line no-console -- nowhere else is it told whole
    const isGone = !(error instanceof HttpErrorResponse) && PART_IS_GONE.test(String(error));
    this.held.update((before) => (isGone || before === 'update' ? 'update' : 'fault'));
  }

  forget(): void {
    this.held.set(undefined);
  }
}

import { HttpErrorResponse, HttpInterceptorFn } from '@angular/common/http';
import { inject, Injector } from '@angular/core';
import { catchError, from, switchMap, throwError } from 'rxjs';
import { Session } from './session';

/**
 * Says that the page itself calls (another site cannot send this header), and holds back what is refused because the
 * session has ended until somebody has signed in again: what was being written is not lost.
 */
export const sessions: HttpInterceptorFn = (request, next) => {
  const injector = inject(Injector);
  const own = request.clone({ setHeaders: { 'X-Canopee': 'ihm' } });
  return next(own).pipe(
    catchError((error: unknown) => {
      const session = injector.get(Session);
      const isOver = error instanceof HttpErrorResponse && error.status === 401 && session.me() !== null;
      const isSignIn = request.url.startsWith('/v1/sessions/');
      return isOver && !isSignIn ? from(session.again()).pipe(switchMap(() => next(own))) : throwError(() => error);
    }),
  );
};

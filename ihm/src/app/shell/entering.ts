import { inject } from '@angular/core';
import { CanActivateFn, CanMatchFn, Router } from '@angular/router';
import { Feature } from '@core/feature';
import { Session } from '@core/session';

/** Nobody enters without a session; the address asked for is kept. */
export const entering: CanActivateFn = async (_, state) => {
  const [session, router] = [inject(Session), inject(Router)];
  return (await session.isOpen()) || router.createUrlTree(['/connexion'], { queryParams: { retour: state.url } });
};

/** A feature whose right is missing is not there: its address says which right it takes. */
export function holdsRight(feature: Feature): CanMatchFn {
  return async () => {
    const session = inject(Session);
    return !(await session.isOpen()) || session.may(feature.right);
  };
}

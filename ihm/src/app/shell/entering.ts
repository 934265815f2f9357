import { inject } from '@angular/core';
import { CanMatchFn, Router } from '@angular/router';
import { Feature } from '@core/feature';
import { Session } from '@core/session';

/** Nobody enters without a session; the address asked for is kept. */
export const entering: CanMatchFn = async () => {
  const [session, router] = [inject(Session), inject(Router)];
  const asked = router.currentNavigation()?.extractedUrl;
  return (await session.isOpen()) || router.createUrlTree(['/connexion'], { queryParams: { retour: asked ? router.serializeUrl(asked) : '/' } });
};

/** A feature whose right is missing is not there: its address says which right it takes. */
export function holdsRight(feature: Feature): CanMatchFn {
  return () => inject(Session).may(feature.right);
}

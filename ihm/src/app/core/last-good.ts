import { HttpResourceRef } from '@angular/common/http';
import { linkedSignal, Signal } from '@angular/core';

/** The last good value of a resource: it stays on screen while the next one loads, or when the next one fails. */
export function lastGood<T>(resource: HttpResourceRef<T | undefined>): Signal<T | undefined> {
  return linkedSignal<T | undefined, T | undefined>({
    source: () => (resource.hasValue() ? resource.value() : undefined),
    computation: (value, previous) => value ?? previous?.value,
  });
}

import { HttpResourceRef } from '@angular/common/http';
import { computed, linkedSignal, Signal } from '@angular/core';

/**
 * The last good value of a resource: it stays on screen while the next one loads, or when the next one fails.
 * `of` says what is asked for (a page, filters): a value of something else stays while this loads, and goes when this fails.
 */
export function lastGood<T>(resource: HttpResourceRef<T | undefined>, of: () => string = () => ''): Signal<T | undefined> {
  const held = linkedSignal<T | undefined, { value: T; of: string } | undefined>({
    source: () => (resource.hasValue() ? resource.value() : undefined),
    computation: (value, previous) => (value === undefined ? previous?.value : { value, of: of() }),
  });
  return computed(() => (resource.error() && held()?.of !== of() ? undefined : held()?.value));
}

import { DestroyRef, effect, inject, signal, Signal } from '@angular/core';

/**
 * A signal that follows another one, changing at most once in `everyMs`: the first change at once, the last of a burst
 * at the end of the pause. A thousand changes a second are one reading every few seconds. Nothing is followed while the
 * page is hidden; it catches up when it is shown.
 */
export function paced<T>(source: Signal<T>, everyMs: number): Signal<T> {
  const held = signal(source());
  let free = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const take = () => {
    timer = undefined;
    if (!document.hidden) {
      free = Date.now() + everyMs;
      held.set(source());
    }
  };
  const plan = () => {
    timer ??= setTimeout(take, Math.max(0, free - Date.now()));
  };
  effect(() => {
    if (source() !== held()) {
      plan();
    }
  });
  const shown = () => {
    if (!document.hidden && source() !== held()) {
      plan();
    }
  };
  document.addEventListener('visibilitychange', shown);
  inject(DestroyRef).onDestroy(() => {
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', shown);
  });
  return held.asReadonly();
}

import { computed, inject, Injectable } from '@angular/core';
import { Message, read } from './api/api';
import { lastGood } from './last-good';
import { Live } from './live';
import { Session } from './session';

/** The emergency stop of the whole fleet, as it stands now: every open page follows it. */
@Injectable({ providedIn: 'root' })
export class Stopped {
  private readonly session = inject(Session);
  private readonly changed = inject(Live).topic('stop');
  private readonly asked = read('/v1/stop-everything', () => {
    this.changed();
    return this.session.may('read') ? {} : undefined;
  });
  private readonly answer = lastGood(this.asked);
  /** Since when, by whom and why; `undefined` when nothing is stopped, or nobody knows. */
  readonly held = computed<Message<'Standstill'> | undefined>(() => this.answer()?.standstill ?? undefined);

  reload(): void {
    this.asked.reload();
  }
}

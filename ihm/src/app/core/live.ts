import { inject, Injectable, signal, Signal, WritableSignal } from '@angular/core';
import { Session } from './session';
import type { Told } from './live.worker';

export type LiveState = 'connecting' | 'live' | 'lost';

/**
 * What changes on the server, told as it changes: one stream for all the tabs of this browser, held by a SharedWorker.
 * A topic's number grows when something of it changed: read it where a resource is described, and it is read again.
 */
@Injectable({ providedIn: 'root' })
export class Live {
  private readonly topics = new Map<string, WritableSignal<number>>();
  private readonly held = signal<LiveState>('connecting');
  private readonly heard = signal<number | null>(null);
  private readonly session = inject(Session);

  readonly state = this.held.asReadonly();
  /** When something was last heard, in milliseconds since 1970; `null` before. */
  readonly heardAt = this.heard.asReadonly();

  constructor() {
    const worker = new SharedWorker(new URL('./live.worker', import.meta.url), { type: 'module', name: 'canopee-live' });
    worker.port.onmessage = ({ data }: MessageEvent<Told>) => this.take(data);
    worker.port.start();
    addEventListener('pagehide', () => worker.port.postMessage('leave'));
    addEventListener('pageshow', ({ persisted }) => persisted && worker.port.postMessage('back'));
  }

  /** Grows at each change of the topic: `devices`, `runs`, `campaigns`, `pipelines`, `enrolments`, `practices`… and after each reconnection. */
  topic(name: string): Signal<number> {
    return this.of(name).asReadonly();
  }

  private take(told: Told): void {
    if (told.kind === 'state') {
      const isBack = told.state === 'live' && this.held() === 'lost';
      this.held.set(told.state);
      if (isBack) {
        this.topics.forEach((topic) => topic.update((n) => n + 1)); // something may have been missed
        void this.session.isOpen();
      }
    } else {
      const names = told.topics.includes('all') ? [...this.topics.keys()] : told.topics;
      names.forEach((name) => this.of(name).update((n) => n + 1));
    }
    if (this.held() === 'live') {
      this.heard.set(Date.now());
    }
  }

  private of(name: string): WritableSignal<number> {
    const found = this.topics.get(name) ?? signal(0);
    this.topics.set(name, found);
    return found;
  }
}

import { effect, inject, Injectable, signal, Signal, WritableSignal } from '@angular/core';
import { Session } from './session';
import type { Changes, Said, Told } from './live.worker';

export type LiveState = 'connecting' | 'live' | 'lost';

/**
 * What changes on the server, told as it changes: one stream for all the tabs of this browser, held by a SharedWorker.
 * A topic's number grows when something of it changed: read it where a resource is described, and it is read again.
 */
@Injectable({ providedIn: 'root' })
export class Live {
  /** By topic, and by `topic id` for those who watch one object. */
  private readonly topics = new Map<string, WritableSignal<number>>();
  private readonly held = signal<LiveState>('connecting');
  private readonly heard = signal<number | null>(null);
  private readonly session = inject(Session);

  readonly state = this.held.asReadonly();
  /** When something was last heard, in milliseconds since 1970; `null` before. */
  readonly heardAt = this.heard.asReadonly();

  constructor() {
    const worker = new SharedWorker(new URL('./live.worker', import.meta.url), { type: 'module', name: 'canopee-live' });
    const say = (said: Said) => worker.port.postMessage(said);
    worker.port.onmessage = ({ data }: MessageEvent<Told>) => this.take(data);
    worker.port.start();
    addEventListener('pagehide', () => say('leave'));
    addEventListener('pageshow', ({ persisted }) => persisted && say('back'));
    effect(() => this.session.ended() || say('again'));
  }

  /**
   * Grows at each change of the topic, and after each reconnection: `devices`, `runs`, `campaigns`, `pipelines`, `enrolments`, `practices`, `stop`.
   * With an `id`, only when that object changed, or may have; the ids of `runs` are those of their devices.
   */
  topic(name: string, id?: string): Signal<number> {
    return this.of(id ? `${name} ${id}` : name).asReadonly();
  }

  private take(told: Told): void {
    if (told.kind === 'refused') {
      void this.session.check();
      return;
    }
    if (told.kind === 'changed') {
      this.change(told.changes);
    } else {
      const isBack = told.state === 'live' && this.held() === 'lost';
      this.held.set(told.state);
      if (isBack) {
        this.change({ all: null }); // something may have been missed
      }
    }
    if (this.held() === 'live') {
      this.heard.set(Date.now());
    }
  }

  private change(changes: Changes): void {
    for (const [key, count] of this.topics) {
      const [name = '', id] = key.split(' ');
      const ids = changes[name];
      const isTold = 'all' in changes || (name in changes && (!id || !ids || ids.includes(id)));
      if (isTold) {
        count.update((n) => n + 1);
      }
    }
  }

  private of(key: string): WritableSignal<number> {
    const found = this.topics.get(key) ?? signal(0);
    this.topics.set(key, found);
    return found;
  }
}

import { HttpClient } from '@angular/common/http';
import { computed, inject, Injectable, signal } from '@angular/core';
import { firstValueFrom } from 'rxjs';
import { Message } from './api/api';

export type Me = Message<'Me'>;
export type Right = Me['rights'][number];
export type Role = Me['roles'][number];
/** What another tab says. */
type Elsewhere = { readonly kind: 'opened'; readonly login: string } | { readonly kind: 'closed' };

/** Who is signed in. The browser holds the session in a cookie that no script can read. */
@Injectable({ providedIn: 'root' })
export class Session {
  private readonly http = inject(HttpClient);
  private readonly held = signal<Me | null>(null);
  /** The other tabs of this browser: the cookie is theirs too. */
  private readonly tabs = new BroadcastChannel('canopee-session');
  /** Waiters of a new sign-in, once the session has ended under an open page. */
  private waiting: (() => void)[] = [];

  readonly me = this.held.asReadonly();
  /** Whether the session ended while somebody was at work: the shell asks for the password over the page. */
  readonly ended = signal(false);
  readonly login = computed(() => this.held()?.login ?? '');

  constructor() {
    this.tabs.onmessage = ({ data }: MessageEvent<Elsewhere>) => void this.hear(data);
  }

  may(right: Right): boolean {
    return this.held()?.rights.includes(right) ?? false;
  }

  /** Whether a session is held; asks the API once. */
  async isOpen(): Promise<boolean> {
    if (!this.held()) {
      try {
        this.held.set(await firstValueFrom(this.http.get<Me>('/v1/me')));
      } catch {
        return false;
      }
    }
    return true;
  }

  /** Sign in; rejects with `HttpErrorResponse`. */
  async open(login: string, password: string): Promise<void> {
    await firstValueFrom(this.http.post('/v1/sessions/browser', { login, password }));
    await this.resume();
    this.tabs.postMessage({ kind: 'opened', login } satisfies Elsewhere);
  }

  async close(): Promise<void> {
    await firstValueFrom(this.http.delete('/v1/sessions/current'));
    this.tabs.postMessage({ kind: 'closed' } satisfies Elsewhere);
    location.assign('/connexion');
  }

  /** Ask whether the session still holds: when it does not, the interceptor says so over the page. */
  async check(): Promise<void> {
    if (this.held() && !this.ended()) {
      await firstValueFrom(this.http.get('/v1/me')).catch(() => undefined);
    }
  }

  /** Ends when somebody has signed in again: what was refused is then asked again. */
  async again(): Promise<void> {
    this.ended.set(true);
    await new Promise<void>((go) => this.waiting.push(go));
  }

  private async resume(): Promise<void> {
    this.held.set(await firstValueFrom(this.http.get<Me>('/v1/me')));
    this.ended.set(false);
    this.waiting.splice(0).forEach((go) => go());
  }

  private async hear(elsewhere: Elsewhere): Promise<void> {
    const me = this.held();
    if (!me) {
      return; // nobody is at work in this tab
    }
    if (elsewhere.kind === 'closed') {
      location.assign('/connexion');
    } else if (elsewhere.login !== me.login) {
      location.reload(); // what is shown here was read by somebody else
    } else if (this.ended()) {
      await this.resume().catch(() => undefined);
    }
  }
}

/** One event stream for every tab: a browser opens six connections to a server, and the seventh tab would wait for ever. */

/** Ids of what changed, by topic; `null`: many, or unknown. */
export type Changes = Readonly<Record<string, readonly string[] | null>>;
export type Told =
  | { readonly kind: 'state'; readonly state: 'connecting' | 'live' | 'lost' }
  | { readonly kind: 'changed'; readonly changes: Changes }
  /** The server takes no stream of this browser now: the session may have ended. */
  | { readonly kind: 'refused' };
/** What a page says; `again`: somebody has signed in. */
export type Said = 'leave' | 'back' | 'again';

/** A page is told at most once in this time, however much changes. */
const EVERY_MS = 700;
const AGAIN_MS = 5_000;
const ports = new Set<MessagePort>();
let pending: Record<string, readonly string[] | null> = {};
let state: 'connecting' | 'live' | 'lost' = 'connecting';
let stream: EventSource | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;
let retry: ReturnType<typeof setTimeout> | undefined;

function tell(told: Told): void {
  ports.forEach((port) => port.postMessage(told));
}

function be(next: typeof state): void {
  if (state !== next) {
    state = next;
    tell({ kind: 'state', state });
  }
}

function flush(): void {
  timer = undefined;
  tell({ kind: 'changed', changes: pending });
  pending = {};
}

function change({ data }: MessageEvent<string>): void {
  const { topic, ids } = JSON.parse(data) as { topic: string; ids: string[] | null };
  const held = topic in pending ? pending[topic] : [];
  pending[topic] = held && ids && held.length < 100 ? [...held, ...ids] : null;
  timer ??= setTimeout(flush, EVERY_MS);
}

function refused(): void {
  stream?.close();
  stream = null;
  be('lost');
  tell({ kind: 'refused' });
  clearTimeout(retry);
  retry = setTimeout(listen, AGAIN_MS);
}

function listen(): void {
  clearTimeout(retry);
  if (stream || !ports.size) {
    return;
  }
  const opened = (stream = new EventSource('/v1/live'));
  opened.addEventListener('open', (event) => event instanceof MessageEvent && be('live')); // the server's, not the connection's
  opened.addEventListener('change', change);
  opened.addEventListener('ended', refused);
  opened.onerror = () => (opened.readyState === EventSource.CLOSED ? refused() : be('lost'));
}

function join(port: MessagePort): void {
  ports.add(port);
  port.postMessage({ kind: 'state', state } satisfies Told);
  listen();
}

function leave(port: MessagePort): void {
  ports.delete(port);
  if (!ports.size) {
    stream?.close();
    stream = null;
    state = 'connecting';
  }
}

function heard(port: MessagePort, said: Said): void {
  if (said === 'leave') {
    leave(port);
  } else {
    join(port);
  }
}

addEventListener('connect', (event) => {
  const port = (event as MessageEvent).ports[0];
  if (port) {
    port.onmessage = ({ data }: MessageEvent<Said>) => heard(port, data);
    join(port);
  }
});

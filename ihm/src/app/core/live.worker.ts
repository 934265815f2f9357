/** One event stream for every tab: a browser opens six connections to a server, and the seventh tab would wait for ever. */

export type Told =
  | { readonly kind: 'state'; readonly state: 'connecting' | 'live' | 'lost' }
  | { readonly kind: 'changed'; readonly topics: readonly string[] };

/** A page is told at most once in this time, however much changes. */
const EVERY_MS = 700;
const ports = new Set<MessagePort>();
const changed = new Set<string>();
let state: 'connecting' | 'live' | 'lost' = 'connecting';
let stream: EventSource | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;

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
  tell({ kind: 'changed', topics: [...changed] });
  changed.clear();
}

function listen(): void {
  stream = new EventSource('/v1/live');
  stream.onopen = () => be('live');
  stream.onerror = () => {
    be('lost');
    if (stream?.readyState === EventSource.CLOSED) {
      stream = null;
      setTimeout(() => ports.size && !stream && listen(), 5_000); // refused: the session may come back
    }
  };
  stream.addEventListener('change', ({ data }: MessageEvent<string>) => {
    changed.add((JSON.parse(data) as { topic: string }).topic);
    timer ??= setTimeout(flush, EVERY_MS);
  });
}

function join(port: MessagePort): void {
  ports.add(port);
  port.postMessage({ kind: 'state', state } satisfies Told);
  if (!stream) {
    listen();
  }
}

function leave(port: MessagePort): void {
  ports.delete(port);
  if (!ports.size) {
    stream?.close();
    stream = null;
    state = 'connecting';
  }
}

addEventListener('connect', (event) => {
  const port = (event as MessageEvent).ports[0];
  if (port) {
    port.onmessage = ({ data }: MessageEvent<'leave' | 'back'>) => (data === 'leave' ? leave(port) : join(port));
    join(port);
  }
});

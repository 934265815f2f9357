import { TestBed } from '@angular/core/testing';
import { signal } from '@angular/core';
import { Live } from './live';
import type { Told } from './live.worker';
import { Session } from './session';

/** The worker, as far as a page can tell. */
class Worker {
  static last: Worker;
  readonly said: unknown[] = [];
  readonly port = {
    onmessage: undefined as ((event: { data: Told }) => void) | undefined,
    start: () => undefined,
    postMessage: (said: unknown) => this.said.push(said),
  };

  constructor() {
    Worker.last = this;
  }

  tell(...told: Told[]): void {
    told.forEach((data) => this.port.onmessage?.({ data }));
  }
}

describe('what is live', () => {
  const session = { ended: signal(false), checked: 0, check: () => Promise.resolve(void session.checked++) };
  let live: Live;

  beforeEach(() => {
    vi.stubGlobal('SharedWorker', Worker);
    session.ended.set(false);
    session.checked = 0;
    TestBed.configureTestingModule({ providers: [{ provide: Session, useValue: session }] });
    live = TestBed.inject(Live);
  });

  afterEach(() => vi.unstubAllGlobals());

  it('tells those who watch the topic, and those who watch the object that changed', () => {
    const [devices, one, other, runs] = [live.topic('devices'), live.topic('devices', 'a'), live.topic('devices', 'b'), live.topic('runs')];
    Worker.last.tell({ kind: 'state', state: 'live' }, { kind: 'changed', changes: { devices: ['a'] } });
    expect([devices(), one(), other(), runs()]).toEqual([1, 1, 0, 0]);
    Worker.last.tell({ kind: 'changed', changes: { devices: null } });
    expect([devices(), one(), other(), runs()]).toEqual([2, 2, 1, 0]);
  });

  it('has everything read again once the stream is back, not when it opens', () => {
    const runs = live.topic('runs', 'x');
    Worker.last.tell({ kind: 'state', state: 'live' });
    expect(runs()).toBe(0);
    Worker.last.tell({ kind: 'state', state: 'lost' }, { kind: 'state', state: 'live' });
    expect(runs()).toBe(1);
    Worker.last.tell({ kind: 'changed', changes: { all: null } });
    expect(runs()).toBe(2);
  });

  it('keeps the time of what was last heard while the stream is lost', () => {
    expect(live.heardAt()).toBeNull();
    Worker.last.tell({ kind: 'state', state: 'live' });
    const at = live.heardAt();
    Worker.last.tell({ kind: 'state', state: 'lost' });
    expect([live.state(), live.heardAt()]).toEqual(['lost', at]);
    expect(at).not.toBeNull();
  });

  it('asks whether the session holds when no stream is given, and again after the next sign-in', () => {
    TestBed.tick();
    Worker.last.said.length = 0;
    Worker.last.tell({ kind: 'refused' });
    expect(session.checked).toBe(1);
    session.ended.set(true);
    TestBed.tick();
    session.ended.set(false);
    TestBed.tick();
    expect(Worker.last.said).toEqual(['again']);
  });
});

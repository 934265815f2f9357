import { signal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { paced } from './paced';

describe('a paced signal', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('follows a thousand changes a second at its own pace, and ends on the last one', () => {
    const source = signal(0);
    const followed = TestBed.runInInjectionContext(() => paced(source, 5_000));
    const seen = new Set<number>();
    for (let second = 0; second < 20; second += 1) {
      for (let change = 0; change < 1_000; change += 1) {
        source.update((n) => n + 1);
      }
      TestBed.tick();
      vi.advanceTimersByTime(1_000);
      seen.add(followed());
    }
    vi.advanceTimersByTime(5_000);
    TestBed.tick();
    expect(followed()).toBe(20_000);
    expect(seen.size).toBeLessThanOrEqual(5);
  });
});

import { HttpResourceRef } from '@angular/common/http';
import { signal } from '@angular/core';
import { lastGood } from './last-good';

describe('the last good value', () => {
  function reading() {
    const [value, error, page] = [signal<string | undefined>(undefined), signal<Error | undefined>(undefined), signal('1')];
    const resource = { value, error, hasValue: () => value() !== undefined } as unknown as HttpResourceRef<string | undefined>;
    return { value, error, page, held: lastGood(resource, page) };
  }

  it('stays while the next one loads, and when the same one can no longer be read', () => {
    const { value, error, held } = reading();
    expect(held()).toBeUndefined();
    value.set('first');
    expect(held()).toBe('first');
    value.set(undefined);
    expect(held()).toBe('first');
    error.set(new Error('no'));
    expect(held()).toBe('first');
  });

  it('is never taken for what was asked for instead: another page that fails shows nothing of this one', () => {
    const { value, error, page, held } = reading();
    value.set('first');
    expect(held()).toBe('first');
    page.set('2');
    value.set(undefined);
    expect(held()).toBe('first');
    error.set(new Error('no'));
    expect(held()).toBeUndefined();
    error.set(undefined);
    value.set('second');
    expect(held()).toBe('second');
  });
});

import { signal } from '@angular/core';
import { Picked } from './selection';

const PAGE = ['a', 'b', 'c', 'd'];

describe('what is ticked', () => {
  it('is one device at a time, and each only once', () => {
    const picked = new Picked(signal(4));
    picked.toggle('a', false, PAGE);
    picked.toggle('a', false, PAGE);
    picked.toggle('b', false, PAGE);
    expect([picked.count(), picked.has('a'), picked.has('b'), picked.listed()]).toEqual([1, false, true, ['b']]);
  });

  it('is a range with Shift, in both directions, from the one ticked last', () => {
    const picked = new Picked(signal(4));
    picked.toggle('d', false, PAGE);
    picked.toggle('b', true, PAGE);
    expect(picked.listed().sort()).toEqual(['b', 'c', 'd']);
  });

  it('is all that the filters show less those that are unticked then', () => {
    const total = signal<number | undefined>(100_000);
    const picked = new Picked(total);
    picked.toggle('a', false, PAGE);
    picked.all();
    picked.toggle('b', false, PAGE);
    expect([picked.has('a'), picked.has('b'), picked.has('elsewhere'), picked.count(), picked.listed()]).toEqual([true, false, true, 99_999, ['b']]);
    picked.set(PAGE, true);
    expect([picked.count(), picked.listed()]).toEqual([100_000, []]);
  });

  it('has no number while the number of devices is not known', () => {
    const picked = new Picked(signal(undefined));
    picked.all();
    expect([picked.isAny(), picked.count()]).toEqual([true, undefined]);
  });

  it('forgets where a range began when it is cleared', () => {
    const picked = new Picked(signal(4));
    picked.toggle('a', false, PAGE);
    picked.clear();
    picked.toggle('d', true, PAGE);
    expect(picked.listed()).toEqual(['d']);
  });
});

import { ringsIn } from './thresholds';

describe('rings as people write them', () => {
  it.each([
    ['1, 10, 50, 100', [100, 1000, 5000, 10_000]],
    ['1 % ; 10 % ; 100 %', [100, 1000, 10_000]],
    ['0,5; 25', [50, 2500]],
    ['1,10,50,100', [100, 1000, 5000, 10_000]],
    ['0,5 25', [50, 2500]],
    ['100', [10_000]],
  ])('%s', (text, bounds) => {
    expect(ringsIn(text)).toEqual(bounds);
  });

  it.each(['', '10, 5', '50, 101', '0, 100', 'dix', '5, 5'])('are refused when they do not rise to at most 100: %s', (text) => {
    expect(ringsIn(text)).toBeUndefined();
  });
});

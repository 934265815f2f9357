import { ago, bytes, count, duration, share } from './format';

const SPACE = /[\u00a0\u202f]/g;
const plain = (text: string) => text.replace(SPACE, ' ');

describe('figures', () => {
  it('are French, and blank when they are not known', () => {
    expect(plain(count(4812))).toBe('4 812');
    expect([count(undefined), count(null), share(undefined), share(NaN), bytes(null)]).toEqual(['', '', '', '', '']);
    expect(count(0)).toBe('0');
    expect(plain(share(0.8561))).toBe('85,6 %');
  });

  it('of what has just come are never ahead of the page, whose clock goes by steps', () => {
    const now = Date.parse('2026-11-26T08:00:00Z');
    expect([ago(now + 14_000, now), ago(now - 9_000, now)]).toEqual(['à l’instant', 'à l’instant']);
    expect(plain(ago(now + 120_000, now))).toBe('dans 2 min');
  });

  it('of bytes are in powers of a thousand', () => {
    expect([0, 999, 1000, 12_400_000, 3.2e15].map((size) => plain(bytes(size)))).toEqual(['0 o', '999 o', '1 Ko', '12,4 Mo', '3 200 To']);
  });

  it('of time take the largest unit that fits', () => {
    expect([0, 59, 60, 7_199, 86_400 * 3].map((seconds) => plain(duration(seconds)))).toEqual(['0 s', '59 s', '1 min', '1 h', '3 j']);
  });
});

describe('how long ago', () => {
  const now = Date.UTC(2026, 10, 26, 8);
  const before = (seconds: number) => plain(ago(now - seconds * 1000, now));

  it('is said in words for seven days, then by the day', () => {
    expect(before(3)).toBe('à l’instant');
    expect(before(125)).toBe('il y a 2 min');
    expect(before(3_600 * 5)).toBe('il y a 5 h');
    expect(before(86_400 * 6)).toBe('il y a 6 j');
    expect(before(86_400 * 8)).toBe('18 nov. 2026');
  });

  it('says of what is still to come that it is', () => {
    expect(before(-3_600 * 2)).toBe('dans 2 h');
  });
});

import { ago, bytes, count, duration } from './format';

const plain = (text: string) => text.replace(/[\u00a0\u202f]/g, ' ');

describe('figures at their edges', () => {
  it('never show a thousand of a unit where the next one exists', () => {
    for (let power = 0; power < 5; power++) {
      for (const size of [999, 999.4, 999.949, 999.95, 999.96, 999.99].map((one) => Math.floor(one * 1000 ** power))) {
        expect(plain(bytes(size))).not.toMatch(/^1 000 (o|Ko|Mo|Go)$/);
      }
    }
    expect([999_949, 999_950, 999_999, 1_000_000].map((size) => plain(bytes(size)))).toEqual(['999,9 Ko', '1 Mo', '1 Mo', '1 Mo']);
  });

  it('of no bytes are no bytes, and of less than none say so', () => {
    expect([0, 1, -1, -2_500_000].map((size) => plain(bytes(size)))).toEqual(['0 o', '1 o', '-1 o', '-2,5 Mo']);
  });

  it('that are not finite are blank', () => {
    expect([bytes(NaN), bytes(Infinity), count(NaN)]).toEqual(['', '', '']);
  });

  it('of time change their unit at each of its ends', () => {
    expect([59, 60, 3_599, 3_600, 86_399, 86_400].map((one) => plain(duration(one)))).toEqual(['59 s', '1 min', '59 min', '1 h', '23 h', '1 j']);
  });

  it('of what has passed never grow as it comes nearer', () => {
    const now = Date.UTC(2026, 10, 26, 8);
    expect([9.9, 10, 59, 60, 3_599, 3_600, 86_399, 86_400, 604_800].map((one) => plain(ago(now - one * 1000, now)))).toEqual([
      'à l’instant', 'il y a 10 s', 'il y a 59 s', 'il y a 1 min', 'il y a 59 min', 'il y a 1 h', 'il y a 23 h', 'il y a 1 j', 'il y a 7 j',
    ]);
  });
});

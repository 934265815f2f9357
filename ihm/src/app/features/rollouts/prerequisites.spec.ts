import { afterOf, beforeOf, mayComeBefore } from './prerequisites';

const ref = (name: string, version: number) => ({ name, version, path: '', sha256: '', length: 1 });
const published = [ref('b', 1), ref('b', 3), ref('a', 1), ref('own', 1), ref('own', 2)].map((one) => ({ title: one.name.toUpperCase(), ref: one })) as unknown as Parameters<typeof mayComeBefore>[0];

describe('what a campaign comes after', () => {
  it('is any pipeline once, by title, and older versions of itself', () => {
    expect(mayComeBefore(published, ref('own', 2)).map((one) => [one.name, one.versions])).toEqual([['a', [1]], ['b', [3, 1]], ['own', [1]]]);
    expect(mayComeBefore(published, ref('own', 1)).map((one) => one.name)).toEqual(['a', 'b']);
  });

  it('is written as the API takes it, and read back; what is not chosen yet is left out', () => {
    const before = [{ name: 'b', version: 3 }, { name: 'a', version: 1 }, { name: '', version: 1 }];
    expect(afterOf(before)).toEqual(['b@3', 'a']);
    expect(afterOf(before).map(beforeOf)).toEqual(before.slice(0, 2));
  });
});

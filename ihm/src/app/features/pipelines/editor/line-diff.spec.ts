import { dice } from "@core/dice.testing";
import { DiffLine, diffLines, folded, paired } from './line-diff';

const lines = (found: readonly DiffLine[], without: DiffLine['kind']) => found.filter((one) => one.kind !== without).map((one) => one.text);

describe('the difference of two texts', () => {
  it('holds both of them, each line with its number, and as many changes as are needed', () => {
    const roll = dice(11);
    for (let round = 0; round < 300; round++) {
      const text = () => Array.from({ length: roll(9) }, () => 'abc'[roll(3)] ?? '').concat('z');
      const [a, b] = [text(), text()];
      const found = diffLines(a.join('\n'), b.join('\n'));
      expect([lines(found, 'added'), lines(found, 'removed')]).toEqual([a, b]);
      expect(found.filter((one) => one.before).map((one) => one.before)).toEqual(a.map((_, at) => at + 1));
      expect(found.filter((one) => one.after).map((one) => one.after)).toEqual(b.map((_, at) => at + 1));
      expect(found.filter((one) => one.kind === 'same').length).toBe(longest(a, b));
    }
  });

  it('between a text and itself is nothing, and a last line end does not count', () => {
    expect(diffLines('a\nb\n', 'a\nb').every((one) => one.kind === 'same')).toBe(true);
    expect(diffLines('', '')).toEqual([]);
  });

  it('from nothing is only what was added, and to nothing only what was removed', () => {
    expect(diffLines('', 'a\nb\n').map((one) => one.kind)).toEqual(['added', 'added']);
    expect(diffLines('a\n', '').map((one) => [one.kind, one.before, one.after])).toEqual([['removed', 1, 0]]);
  });

  it('keeps empty lines as lines', () => {
    expect(diffLines('a\n\nb', 'a\nb').map((one) => [one.kind, one.text])).toEqual([['same', 'a'], ['removed', ''], ['same', 'b']]);
  });

  it('of texts too large to compare line by line is all of both, and is found at once', () => {
    const [a, b] = [Array.from({ length: 3_000 }, (_, at) => `a${at}`), Array.from({ length: 3_000 }, (_, at) => `b${at}`)];
    const found = diffLines(['same', ...a].join('\n'), ['same', ...b].join('\n'));
    expect([found.length, found[0]?.kind]).toEqual([6_001, 'same']);
  });
});

describe('a folded difference', () => {
  it('shows three lines around each change and one mark for what is left out', () => {
    const before = Array.from({ length: 40 }, (_, at) => `line ${at}`);
    const after = before.map((line, at) => ({ 10: 'other', 30: 'another' })[at] ?? line);
    const shown = folded(diffLines(before.join('\n'), after.join('\n')));
    expect(shown.filter((one) => one === undefined).length).toBe(3);
    expect(shown.filter((one) => one?.kind === 'same').length).toBe(12);
    expect(shown.flatMap((one, at) => (one === undefined && shown[at + 1] === undefined && at + 1 < shown.length ? [at] : []))).toEqual([]);
  });

  it('in two columns loses no line and puts what changed side by side', () => {
    const roll = dice(5);
    for (let round = 0; round < 100; round++) {
      const text = () => Array.from({ length: 1 + roll(30) }, () => 'abcd'[roll(4)] ?? '').join('\n');
      const all = diffLines(text(), text());
      const rows = paired(all);
      const left = rows.flatMap((row) => (row.left ? [row.left] : []));
      const right = rows.flatMap((row) => (row.right ? [row.right] : []));
      expect(left.map((one) => one.text)).toEqual(lines(all, 'added'));
      expect(right.map((one) => one.text)).toEqual(lines(all, 'removed'));
    }
    expect(paired(diffLines('a\nb', 'a\nc')).map((row) => [row.left?.text, row.right?.text])).toEqual([['a', 'a'], ['b', 'c']]);
  });
});

/** The length of the longest common subsequence, found the slow and obvious way. */
function longest(a: readonly string[], b: readonly string[]): number {
  let row = Array.from({ length: b.length + 1 }, () => 0);
  for (const line of a) {
    const next = [0];
    b.forEach((other, at) => next.push(line === other ? (row[at] ?? 0) + 1 : Math.max(row[at + 1] ?? 0, next[at] ?? 0)));
    row = next;
  }
  return row.at(-1) ?? 0;
}

/** One line of a difference. */
export interface DiffLine {
  readonly kind: 'same' | 'added' | 'removed';
  readonly text: string;
  /** Number in the old text, and in the new one; 0 where it is not there. */
  readonly before: number;
  readonly after: number;
}

const AROUND = 3;
const MOST_CELLS = 4_000_000;

/** The lines that differ, by longest common subsequence, with everything else. */
export function diffLines(before: string, after: string): DiffLine[] {
  const [a, b] = [linesOf(before), linesOf(after)];
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  const found: DiffLine[] = a.slice(0, start).map((text, n) => ({ kind: 'same', text, before: n + 1, after: n + 1 }));
  found.push(...middle(a.slice(start, a.length - end), b.slice(start, b.length - end), start));
  for (let n = end; n > 0; n--) {
    found.push({ kind: 'same', text: a[a.length - n] ?? '', before: a.length - n + 1, after: b.length - n + 1 });
  }
  return found;
}

/** Only the lines near a change; `undefined` stands for those left out. */
export function folded(lines: readonly DiffLine[]): (DiffLine | undefined)[] {
  const near = lines.map((_, at) => lines.slice(Math.max(0, at - AROUND), at + AROUND + 1).some((one) => one.kind !== 'same'));
  const found: (DiffLine | undefined)[] = [];
  lines.forEach((line, at) => {
    if (near[at]) found.push(line);
    else if (found.length === 0 || found.at(-1)) found.push(undefined);
  });
  return found;
}

/** Rows of two columns: what was taken away beside what came in its place. */
export function paired(lines: readonly (DiffLine | undefined)[]): { readonly left?: DiffLine; readonly right?: DiffLine }[] {
  const rows: { left?: DiffLine; right?: DiffLine }[] = [];
  let removed: DiffLine[] = [];
  let added: DiffLine[] = [];
  const flush = () => {
    for (let n = 0; n < Math.max(removed.length, added.length); n++) rows.push({ left: removed[n], right: added[n] });
    [removed, added] = [[], []];
  };
  for (const line of lines) {
    if (line?.kind === 'removed') removed.push(line);
    else if (line?.kind === 'added') added.push(line);
    else {
      flush();
      rows.push({ left: line, right: line });
    }
  }
  flush();
  return rows;
}

function middle(a: readonly string[], b: readonly string[], offset: number): DiffLine[] {
  const gone = (at: number): DiffLine => ({ kind: 'removed', text: a[at] ?? '', before: offset + at + 1, after: 0 });
  const come = (at: number): DiffLine => ({ kind: 'added', text: b[at] ?? '', before: 0, after: offset + at + 1 });
  if (a.length * b.length > MOST_CELLS) {
    return [...a.map((_, at) => gone(at)), ...b.map((_, at) => come(at))];
  }
  const width = b.length + 1;
  const table = new Uint16Array((a.length + 1) * width);
  const cell = (i: number, j: number) => table[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      table[i * width + j] = a[i] === b[j] ? cell(i + 1, j + 1) + 1 : Math.max(cell(i + 1, j), cell(i, j + 1));
    }
  }
  const found: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      found.push({ kind: 'same', text: a[i] ?? '', before: offset + ++i, after: offset + ++j });
    } else if (i < a.length && (j >= b.length || cell(i + 1, j) >= cell(i, j + 1))) {
      found.push(gone(i++));
    } else {
      found.push(come(j++));
    }
  }
  return found;
}

function linesOf(text: string): string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n'); // no text has no line, not an empty one
}

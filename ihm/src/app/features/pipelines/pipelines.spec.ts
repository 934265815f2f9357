import { withCondition, withVersion } from './condition/in-text';
import { dataOf, Group, replaced, treeOf, valueOf } from './condition/tree';
import { diffLines, folded, paired } from './editor/line-diff';
import { schemaAt, Schema, writingAt } from './editor/place';

const TEXT = `# a comment
name: one
condition: # why
  all:
    - {fact: os.family, op: eq, value: windows}
steps:
  - id: a
    use: run_program
    with: {argv: [x]}
`;

describe('a condition', () => {
  it('is the same data after the tree', () => {
    const data = { all: [{ fact: 'a', op: 'in', value: ['x', 1] }, { not: { any: [{ fact: 'b', op: 'exists', value: false }, { all: [] }] } }] };
    expect(dataOf(treeOf(data) as Group)).toEqual(data);
  });

  it('of one test becomes a group, so that more can be added', () => {
    expect(treeOf({ fact: 'a', op: 'eq', value: 1 })).toMatchObject({ kind: 'all', members: [{ kind: 'test' }] });
  });

  it('that is none is not shown', () => {
    for (const wrong of [1, 'x', {}, { all: 1 }, { all: [], any: [] }, { fact: 'a', op: 'eq' }, { not: { not: { all: [] } } }]) {
      expect(treeOf(wrong)).toBeUndefined();
    }
  });

  it('changes at one place only', () => {
    const root = treeOf({ all: [{ fact: 'a', op: 'eq', value: 1 }, { any: [{ fact: 'b', op: 'eq', value: 2 }] }] }) as Group;
    expect(dataOf(replaced(root, [1, 0], undefined))).toEqual({ all: [{ fact: 'a', op: 'eq', value: 1 }, { any: [] }] });
  });

  it('takes numbers where only numbers make sense', () => {
    expect(valueOf('8', 'eq', ['text'])).toBe('8');
    expect(valueOf('8', 'lt', ['text'])).toBe(8);
    expect(valueOf('8, 9', 'in', ['number'])).toEqual([8, 9]);
    expect(valueOf('true', 'eq', ['boolean'])).toBe(true);
    expect(valueOf('false', 'exists', ['text'])).toBe(false);
  });
});

describe('the text of a pipeline', () => {
  it('gets another condition and nothing else moves', () => {
    const changed = withCondition(TEXT, { any: [{ fact: 'x', op: 'eq', value: '8.2' }] });
    expect(changed).toBe(TEXT.replace(/condition:[\s\S]*?(?=steps:)/, 'condition:\n  any:\n    - {fact: x, op: eq, value: "8.2"}\n'));
  });

  it('loses its condition, and gets one before its steps', () => {
    const without = withCondition(TEXT, undefined);
    expect(without).not.toContain('condition');
    expect(without).toContain('name: one\nsteps:');
    expect(withCondition(without, { all: [] })).toContain('name: one\ncondition:\n  all: []\nsteps:');
  });

  it('gets its next version', () => {
    expect(withVersion('name: a\nversion: 9\nx: {version: 1}\n', 10)).toBe('name: a\nversion: 10\nx: {version: 1}\n');
  });
});

describe('a difference', () => {
  it('holds every line of both texts, once', () => {
    const lines = diffLines('a\nb\nc\nd', 'a\nx\nc\ny\nd');
    expect(lines.filter((one) => one.kind !== 'added').map((one) => one.text)).toEqual(['a', 'b', 'c', 'd']);
    expect(lines.filter((one) => one.kind !== 'removed').map((one) => one.text)).toEqual(['a', 'x', 'c', 'y', 'd']);
    expect(lines.map((one) => [one.before, one.after])).toEqual([[1, 1], [2, 0], [0, 2], [3, 3], [0, 4], [4, 5]]);
  });

  it('folds what is far from a change and pairs what replaces', () => {
    const long = Array.from({ length: 30 }, (_, n) => `line ${n}`);
    const lines = folded(diffLines(long.join('\n'), long.map((one, n) => (n === 15 ? 'other' : one)).join('\n')));
    expect(lines[0]).toBeUndefined();
    expect(lines.length).toBe(10);
    const row = paired(lines).find((one) => one.left?.kind === 'removed');
    expect([row?.left?.text, row?.right?.text]).toEqual(['line 15', 'other']);
  });
});

describe('completion', () => {
  const schema: Schema = {
    $ref: '#/$defs/P',
    $defs: {
      P: { properties: { steps: { items: { $ref: '#/$defs/S' } }, condition: { $ref: '#/$defs/C' }, parameters: { additionalProperties: { properties: { enum: {} } } } } },
      S: { properties: { id: {}, use: { enum: ['run'] }, with: {} }, allOf: [{ if: { properties: { use: { const: 'run' } } }, then: { properties: { with: { properties: { argv: {} } } } } }] },
      C: { properties: { all: { items: { $ref: '#/$defs/C' } }, fact: {}, op: { enum: ['eq'] } } },
    },
  };
  const keysAt = (before: string) => {
    const writing = writingAt(before, '');
    return Object.keys(schemaAt(schema, writing.key ? [...writing.path, writing.key] : writing.path, writing.use)?.properties ?? {});
  };

  it('knows where one writes', () => {
    expect(keysAt('')).toEqual(['steps', 'condition', 'parameters']);
    expect(keysAt('steps:\n  - ')).toEqual(['id', 'use', 'with']);
    expect(keysAt('steps:\n  - id: a\n    ')).toEqual(['id', 'use', 'with']);
    expect(keysAt('steps:\n  - id: a\n    use: run\n    with:\n      ')).toEqual(['argv']);
    expect(keysAt('condition:\n  all:\n    - {')).toEqual(['all', 'fact', 'op']);
    expect(keysAt('parameters:\n  one:\n    ')).toEqual(['enum']);
    expect(writingAt('condition:\n  all:\n    - {fact: a, op: ', '')).toMatchObject({ key: 'op', held: ['fact', 'op'] });
  });
});

import { parse } from 'yaml';
import { dice } from "@core/dice.testing";
import { withCondition, withVersion } from './in-text';
import { dataOf, Group, Node, operatorsOf, replaced, textOf, treeOf, valueOf } from './tree';

const roll = dice(7);
const FACTS = ['os.name', 'product.version', 'disk.free_mb', 'x'];
const VALUES = ['windows', '8.2', '', 'yes', 'null', '- a', '# no', 'a: b', '{x', 'é', '"q"', "'", 'on', '2026-01-01', '0x10', '1e3', '~', 0, 12.5, -3, true, false];

/** A condition, as deep as it may be. */
function made(depth: number): Record<string, unknown> {
  if (depth === 0 || roll(3) === 0) {
    const value = () => VALUES[roll(VALUES.length)];
    const isList = roll(4) === 0;
    return { fact: FACTS[roll(FACTS.length)], op: isList ? 'in' : 'eq', value: isList ? Array.from({ length: roll(4) }, value) : value() };
  }
  const group = { [roll(2) ? 'all' : 'any']: Array.from({ length: roll(4) }, () => made(depth - 1)) };
  return roll(4) === 0 ? { not: group } : group;
}

describe('any condition', () => {
  const found = Array.from({ length: 300 }, () => made(4)).map((one) => ('fact' in one ? { all: [one] } : one));

  it('is the same data after its tree', () => {
    for (const data of found) {
      expect(dataOf(treeOf(data) as Group)).toEqual(data);
    }
  });

  it('is the same data after its text, and nothing else of the text has moved', () => {
    const text = '# head\nname: one\ncondition: # why\n  all: [] # inside\n\n# before the steps\nsteps:\n  - id: a # first\n';
    for (const data of found) {
      const written = withCondition(text, data);
      expect(parse(written)).toEqual({ name: 'one', condition: data, steps: [{ id: 'a' }] });
      expect(written.startsWith('# head\nname: one\ncondition:')).toBe(true);
      expect(written.endsWith('steps:\n  - id: a # first\n')).toBe(true);
      expect(withCondition(written, data)).toBe(written);
    }
  });

  it('goes into any place of a text, and out of it again', () => {
    for (const text of ['', 'name: one', 'name: one\n', 'name: one\nsteps: []\n', 'steps: []', 'condition: {all: []}\nname: one\n', 'name: one\ncondition:\n  any:\n    - {fact: a, op: eq, value: 1}\n', 'name: one\ncondition:\n', 'condition: {all: []}']) {
      const { condition, ...others } = (parse(text) ?? {}) as Record<string, unknown>;
      const held = withCondition(text, { any: [] });
      expect(parse(held)).toEqual({ ...others, condition: { any: [] } });
      expect(parse(withCondition(held, undefined)) ?? {}).toEqual(others);
      expect(condition).not.toEqual({ any: [] });
    }
  });

  it('gives way at one place of its tree only, wherever that is', () => {
    const by: Node = { kind: 'test', negated: false, test: { fact: 'new', op: 'eq', value: 1 } };
    for (const data of found) {
      const root = treeOf(data) as Group;
      root.members.forEach((_, at) => {
        const changed = replaced(root, [at], by);
        expect(changed.members.map((one, number) => (number === at ? root.members[at] : one))).toEqual(root.members);
        expect(changed.members[at]).toBe(by);
        expect(replaced(root, [at], undefined).members.length).toBe(root.members.length - 1);
      });
      expect(replaced(root, [root.members.length], by)).toEqual(root);
    }
  });
});

describe('a value that is typed', () => {
  it('is the same after it was shown, for each operator of each type', () => {
    for (const types of [['number'], ['text'], ['boolean'], ['text', 'number']]) {
      for (const op of operatorsOf(types)) {
        const samples = types[0] === 'number' ? [3, -1.5, 0] : types[0] === 'boolean' ? [true, false] : op === 'lt' || op === 'le' || op === 'gt' || op === 'ge' ? [7] : ['a', '8.2.1', 'a b'];
        for (const value of op === 'exists' ? [true, false] : op === 'in' ? [samples] : samples) {
          expect(valueOf(textOf(value), op, types)).toEqual(value);
        }
      }
    }
  });

  it('may have commas, quotation marks and spaces in a list', () => {
    for (const value of [['Paris, 1er', 'Lyon'], [',', ' a', 'b '], ['say "hi"', '"', '""', ''], ['a,"b', 'c']]) {
      expect(valueOf(textOf(value), 'in', ['text'])).toEqual(value);
    }
    expect(valueOf('a, , b,', 'in', ['text'])).toEqual(['a', 'b']);
    expect(valueOf('"not closed, b', 'in', ['text'])).toEqual(['"not closed', 'b']);
  });

  it('is no number when it is none', () => {
    expect(['', ' ', 'x', '1,5', 'Infinity', 'NaN'].map((text) => typeof valueOf(text, 'lt', ['number']))).toEqual(['string', 'string', 'string', 'string', 'string', 'string']);
  });
});

describe('the version of a text', () => {
  it('is that at the top alone', () => {
    expect(withVersion('name: a\nversion:   3 # now\nsteps:\n  - version: 3\n', 12)).toBe('name: a\nversion: 12 # now\nsteps:\n  - version: 3\n');
    expect(withVersion('name: a\n', 2)).toBe('name: a\n');
  });
});

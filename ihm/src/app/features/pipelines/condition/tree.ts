import { Message } from '@core/api/api';

export type Scalar = string | number | boolean;
export type KnownFact = Message<'KnownFact'>;

/** One comparison of one fact. */
export interface Test {
  readonly fact: string;
  readonly op: string;
  readonly value: Scalar | readonly Scalar[];
}

/** Several conditions: all of them, or one of them; `negated` turns the answer round. */
export interface Group {
  readonly kind: 'all' | 'any';
  readonly negated: boolean;
  readonly members: readonly Node[];
}

export interface Leaf {
  readonly kind: 'test';
  readonly negated: boolean;
  readonly test: Test;
}

export type Node = Group | Leaf;

/** The tree of a condition; `undefined` when the text holds something else. */
export function treeOf(data: unknown): Node | undefined {
  const found = parse(data);
  return found && found.kind === 'test' ? { kind: 'all', negated: false, members: [found] } : found;
}

/** The condition of a tree, as small as it can be written. */
export function dataOf(node: Node): Record<string, unknown> {
  const inner = node.kind === 'test' ? { ...node.test } : group(node);
  return node.negated ? { not: inner } : inner;
}

/** The same tree with the node at `path` replaced, or taken away. */
export function replaced(root: Group, path: readonly number[], by: Node | undefined): Group {
  const [at, ...rest] = path;
  if (at === undefined) {
    return by && by.kind !== 'test' ? by : root;
  }
  const members = root.members.flatMap((member, number) => {
    if (number !== at) return [member];
    if (rest.length && member.kind !== 'test') return [replaced(member, rest, by)];
    return by ? [by] : [];
  });
  return { ...root, members };
}

/** How a fact of these types is compared, the usual way first. */
export function operatorsOf(types: readonly string[]): readonly string[] {
  if (types.length === 1 && types[0] === 'number') return ['eq', 'lt', 'le', 'gt', 'ge', 'in', 'exists'];
  if (types.length === 1 && types[0] === 'boolean') return ['eq', 'exists'];
  return ['eq', 'in', 'matches', 'version_lt', 'version_le', 'version_eq', 'version_ge', 'version_gt', 'exists', 'lt', 'le', 'gt', 'ge'];
}

/** The words of an operator. */
export const OPERATORS: Record<string, string> = {
  eq: $localize`:@@pipelines.op.eq:est`, in: $localize`:@@pipelines.op.in:est l’un de`, exists: $localize`:@@pipelines.op.exists:est connu`, matches: $localize`:@@pipelines.op.matches:a la forme`,
  lt: '<', le: '≤', gt: '>', ge: '≥',
  version_eq: $localize`:@@pipelines.op.versionEq:est la version`, version_lt: $localize`:@@pipelines.op.versionLt:est antérieur à`, version_le: $localize`:@@pipelines.op.versionLe:est au plus`,
  version_gt: $localize`:@@pipelines.op.versionGt:est postérieur à`, version_ge: $localize`:@@pipelines.op.versionGe:est au moins`,
};

/** What was typed, as a value for this operator and these types: numbers where only numbers make sense. */
export function valueOf(text: string, op: string, types: readonly string[]): Test['value'] {
  if (op === 'exists') return text !== 'false';
  if (op === 'in') return partsOf(text).map((one) => scalarOf(one, op, types));
  return scalarOf(text.trim(), op, types);
}

/** A value as it is typed; in a list, what has commas is between quotation marks. */
export function textOf(value: Test['value']): string {
  return typeof value === 'object' ? value.map((one) => quoted(String(one))).join(', ') : String(value);
}

function quoted(text: string): string {
  return /^$|^["\s]|,|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function partsOf(text: string): string[] {
  const parts = [...text.matchAll(/\s*(?:"((?:[^"]|"")*)"\s*(?=,|$)|([^,]*))(?:,|$)/g)];
  return parts.flatMap(([, held, bare = '']) => (held !== undefined ? [held.replaceAll('""', '"')] : bare.trim() ? [bare.trim()] : []));
}

function scalarOf(text: string, op: string, types: readonly string[]): Scalar {
  const isNumber = ['lt', 'le', 'gt', 'ge'].includes(op) || (types.length === 1 && types[0] === 'number');
  if (isNumber && text !== '' && Number.isFinite(Number(text))) return Number(text);
  if (types.length === 1 && types[0] === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}

function group(node: Group): Record<string, unknown> {
  return { [node.kind]: node.members.map(dataOf) };
}

function parse(data: unknown, negated = false): Node | undefined {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return undefined;
  const keys = Object.keys(data);
  const held = data as Record<string, unknown>;
  if (keys.length === 1 && 'not' in held) return negated ? undefined : parse(held['not'], true);
  const kind = keys.length === 1 && (keys[0] === 'all' || keys[0] === 'any') ? keys[0] : undefined;
  if (kind && Array.isArray(held[kind])) {
    const members = held[kind].map((member) => parse(member));
    return members.every((member) => member !== undefined) ? { kind, negated, members } : undefined;
  }
  const { fact, op, value } = held;
  const isValue = (one: unknown) => ['string', 'number', 'boolean'].includes(typeof one);
  const isTest = keys.length === 3 && typeof fact === 'string' && typeof op === 'string' && (isValue(value) || (Array.isArray(value) && value.every(isValue)));
  return isTest ? { kind: 'test', negated, test: { fact, op, value: value as Test['value'] } } : undefined;
}

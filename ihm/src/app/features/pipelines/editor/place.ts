/** A JSON schema, as far as completion reads it. */
export interface Schema {
  readonly $ref?: string;
  readonly $defs?: Record<string, Schema>;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly properties?: Record<string, Schema>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly { readonly if?: Schema; readonly then?: Schema }[];
  readonly enum?: readonly (string | number | boolean)[];
  readonly enumDescriptions?: readonly string[];
  readonly const?: string;
  readonly default?: unknown;
  readonly required?: readonly string[];
}

/** Where somebody writes: the keys that lead there (numbers for items), and the key whose value it is. */
export interface Writing {
  readonly path: readonly (string | number)[];
  /** Set when a value is written, not a key. */
  readonly key?: string;
  /** Keys that are already there. */
  readonly held: readonly string[];
  /** `use` of the step that is written. */
  readonly use?: string;
}

const KEY = /^(\s*)((?:-\s+)*)([A-Za-z_$][\w$]*)\s*:/;

/** What is written at the end of `before`, a YAML text in blocks with lists and mappings of one line at most. */
export function writingAt(before: string, after: string): Writing {
  const lines = before.split('\n');
  const line = lines.pop() ?? '';
  const flow = inFlow(line);
  const own = KEY.exec(line);
  const indent = indentOf(line);
  const outer = parents(lines, own || flow ? indent : indent, line);
  if (flow) {
    const lead = own ? [...outer, own[3] ?? ''] : outer;
    const isListed = /^\s*-\s*[{[]/.test(line) && !own;
    return { path: isListed ? [...outer, 0] : lead, key: flow.key, held: flow.held, use: useOf(lines, line + '\n' + after) };
  }
  const isValue = own !== null && line.length > own[0].length - 1 && line.includes(':');
  const path = line.trimStart().startsWith('-') ? [...outer, 0] : outer;
  return { path, key: isValue ? own[3] : undefined, held: siblings(lines, after, indent), use: useOf(lines, line + '\n' + after) };
}

/** The part of the schema that describes a place. */
export function schemaAt(root: Schema, path: readonly (string | number)[], use: string | undefined): Schema | undefined {
  let here: Schema | undefined = resolved(root, root);
  for (const part of path) {
    if (!here) return undefined;
    if (typeof part === 'number') {
      here = resolved(root, choices(root, here).find((one) => one.items)?.items);
    } else {
      const held: Schema = here;
      const special = part === 'with' ? held.allOf?.find((one) => one.if?.properties?.['use']?.const === use)?.then?.properties?.['with'] : undefined;
      const named = special ?? choices(root, held).map((one) => one.properties?.[part] ?? extra(one)).find((one) => one);
      here = resolved(root, named);
    }
  }
  return here;
}

/** A schema and those it may be. */
export function choices(root: Schema, schema: Schema): readonly Schema[] {
  return [schema, ...(schema.anyOf ?? []).flatMap((one) => { const found = resolved(root, one); return found ? choices(root, found) : []; })];
}

function resolved(root: Schema, schema: Schema | undefined): Schema | undefined {
  if (!schema?.$ref) return schema;
  const found = root.$defs?.[schema.$ref.slice('#/$defs/'.length)];
  return found && { ...found, description: schema.description ?? found.description };
}

function extra(schema: Schema): Schema | undefined {
  return typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
}

function indentOf(line: string): number {
  return /^\s*(?:-\s+)*/.exec(line)?.[0].length ?? 0;
}

/** Keys of the lines that hold this one, by their indentation. */
function parents(lines: readonly string[], indent: number, line: string): (string | number)[] {
  const path: (string | number)[] = [];
  let limit = line.trimStart().startsWith('-') ? line.length - line.trimStart().length : indent;
  let isItem = line.trimStart().startsWith('-');
  for (let at = lines.length - 1; at >= 0; at--) {
    const found = KEY.exec(lines[at] ?? '');
    if (!found) continue;
    const dash = (found[1] ?? '').length;
    const column = dash + (found[2] ?? '').length;
    if (column < limit || (isItem && column <= limit && !found[2])) {
      path.unshift(found[3] ?? '');
      [limit, isItem] = [column, false];
    }
    if (found[2] && column <= limit && dash < limit) {
      path.unshift(0);
      [limit, isItem] = [dash, true];
    }
  }
  return path;
}

function siblings(lines: readonly string[], after: string, indent: number): string[] {
  const found: string[] = [];
  const look = (line: string): boolean => {
    if (line.trim() === '') return true;
    const key = KEY.exec(line);
    const column = key ? (key[1] ?? '').length + (key[2] ?? '').length : indentOf(line);
    if (column < indent) return false;
    if (key && column === indent) found.push(key[3] ?? '');
    return !(key && key[2] && column === indent);
  };
  for (let at = lines.length - 1; at >= 0 && look(lines[at] ?? ''); at--);
  for (const line of after.split('\n').slice(1)) {
    if (/^\s*-/.test(line) || !look(line)) break;
  }
  return found;
}

/** The innermost `{…` that is open at the end of a line: its keys, and the key whose value is written. */
function inFlow(line: string): { held: string[]; key?: string } | undefined {
  const open = lastOpen(line);
  if (open === -1) return undefined;
  const inside = line.slice(open + 1);
  const parts = inside.split(',');
  const last = parts.at(-1) ?? '';
  const held = parts.map((part) => /^\s*([\w$]+)\s*:/.exec(part)?.[1] ?? '').filter((one) => one !== '');
  const key = /^\s*([\w$]+)\s*:\s/.exec(last)?.[1];
  return { held, key };
}

function lastOpen(line: string): number {
  const stack: number[] = [];
  [...line].forEach((char, at) => {
    if (char === '{') stack.push(at);
    if (char === '}') stack.pop();
  });
  return stack.at(-1) ?? -1;
}

/** `use` of the step around: the nearest one above that belongs to the same item, or on the line itself, or below. */
function useOf(lines: readonly string[], rest: string): string | undefined {
  const start = lines.map((line) => /^\s*-\s/.test(line)).lastIndexOf(true);
  const here = /^\s*-\s/.test(rest) ? rest.split(/\n\s*-\s/)[0] ?? '' : [...lines.slice(Math.max(0, start)), ...(rest.split(/\n\s*-\s/)[0] ?? '').split('\n')].join('\n');
  const found = /\buse:\s*([a-z_0-9]+)/.exec(here)?.[1];
  if (found) return found;
  const all = lines.join('\n').match(/\buse:\s*([a-z_0-9]+)/g);
  return all?.at(-1)?.replace(/use:\s*/, '');
}

import { Document, isMap, parseDocument, Scalar, visit, YAMLMap } from 'yaml';

/** The text with another condition; nothing else of it moves, comments included. `undefined` takes it away. */
export function withCondition(text: string, condition: unknown): string {
  const pair = pairOf(text, 'condition');
  const written = condition === undefined ? '' : write(condition);
  if (pair) {
    return text.slice(0, pair.from) + written + text.slice(pair.to);
  }
  const steps = pairOf(text, 'steps');
  const at = steps ? steps.from : text.length;
  const before = text.slice(0, at);
  return before + (before === '' || before.endsWith('\n') ? '' : '\n') + written + text.slice(at);
}

/** The text with another version. */
export function withVersion(text: string, version: number): string {
  return text.replace(/^version:[ \t]*\d+/m, `version: ${version}`);
}

/** From the first letter of a key at the top of the document to the line after its value. */
function pairOf(text: string, key: string): { from: number; to: number } | undefined {
  const contents = parseDocument(text).contents;
  const pair = isMap(contents) ? contents.items.find((one) => (one.key as Scalar | null)?.value === key) : undefined;
  const from = (pair?.key as Scalar | undefined)?.range?.[0];
  if (!pair || from === undefined) {
    return undefined;
  }
  const end = (pair.value as YAMLMap | null)?.range?.[1] ?? (pair.key as Scalar).range?.[1] ?? from;
  const line = text.indexOf('\n', Math.max(from, end - 1));
  const isOver = end > 0 && text[end - 1] === '\n';
  return { from, to: isOver ? end : line === -1 ? text.length : line + 1 };
}

function write(condition: unknown): string {
  const document = new Document({ condition });
  visit(document, {
    Map(_, node) {
      if (node.has('fact')) node.flow = true; // one test, one line
    },
    Seq(_, node, path) {
      const parent = path.at(-1);
      const key = typeof parent === 'object' && 'key' in parent ? (parent.key as Scalar).value : '';
      if (key === 'value' || node.items.length === 0) node.flow = true;
    },
  });
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

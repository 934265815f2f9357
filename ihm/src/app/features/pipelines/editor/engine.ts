import { autocompletion, closeBrackets, closeBracketsKeymap, Completion, CompletionContext, completionKeymap, CompletionResult } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { yaml } from '@codemirror/lang-yaml';
import { bracketMatching, foldGutter, foldKeymap, HighlightStyle, indentOnInput, syntaxHighlighting } from '@codemirror/language';
import { Diagnostic, lintGutter, setDiagnostics } from '@codemirror/lint';
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search';
import { Compartment, EditorState, Extension, Transaction } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { KnownFact } from '../condition/tree';
import { PHRASES } from './phrases';
import { choices, Schema, schemaAt, writingAt } from './place';

/** What the editor needs to know of the world. */
export interface Around {
  readonly nonce: string;
  readonly label: string;
  readonly changed: (text: string) => void;
  readonly save: () => void;
  readonly schema: () => Schema | undefined;
  readonly facts: () => readonly KnownFact[];
}

/** A mark of a fault, in lines and columns that start at 1. */
export interface Mark {
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
  readonly message: string;
  readonly isWarning: boolean;
}

/** An editor of YAML on an element. */
export class Engine {
  private readonly view: EditorView;
  private readonly writable = new Compartment();

  constructor(parent: HTMLElement, text: string, isReadOnly: boolean, around: Around) {
    const state = EditorState.create({ doc: text, extensions: [...extensions(around), this.writable.of(locked(isReadOnly))] });
    this.view = new EditorView({ state, parent });
  }

  /** Show another text; what is the same stays, and so does the place of the cursor. What fills an empty editor was opened, not typed: it cannot be undone. */
  show(text: string): void {
    const held = this.view.state.doc.toString();
    if (held === text) return;
    let from = 0;
    while (from < held.length && from < text.length && held[from] === text[from]) from++;
    let end = 0;
    while (end < held.length - from && end < text.length - from && held[held.length - 1 - end] === text[text.length - 1 - end]) end++;
    const annotations = Transaction.addToHistory.of(held !== '');
    this.view.dispatch({ changes: { from, to: held.length - end, insert: text.slice(from, text.length - end) }, annotations });
  }

  lock(isReadOnly: boolean): void {
    this.view.dispatch({ effects: this.writable.reconfigure(locked(isReadOnly)) });
  }

  mark(marks: readonly Mark[]): void {
    const found = marks.map((mark): Diagnostic => {
      const from = this.offset(mark.line, mark.column);
      return { from, to: Math.max(from, this.offset(mark.endLine, mark.endColumn)), message: mark.message, severity: mark.isWarning ? 'warning' : 'error' };
    });
    this.view.dispatch(setDiagnostics(this.view.state, found));
  }

  /** Put the cursor there, in sight. */
  go(line: number, column: number): void {
    const at = this.offset(line, column);
    this.view.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: 'center' }) });
    this.view.focus();
  }

  close(): void {
    this.view.destroy();
  }

  private offset(line: number, column: number): number {
    const found = this.view.state.doc.line(Math.min(Math.max(1, line), this.view.state.doc.lines));
    return Math.min(found.from + column - 1, found.to);
  }
}

function locked(isReadOnly: boolean): Extension {
  return [EditorState.readOnly.of(isReadOnly), EditorView.editable.of(!isReadOnly), EditorView.contentAttributes.of(isReadOnly ? { tabindex: '0', 'aria-readonly': 'true' } : { tabindex: '0' })];
}

function extensions(around: Around): Extension[] {
  return [
    EditorView.cspNonce.of(around.nonce), TYPED_OVER, EditorState.phrases.of(PHRASES), EditorState.tabSize.of(2),
    lineNumbers(), foldGutter(), lintGutter(), history(), drawSelection(), indentOnInput(), bracketMatching(), closeBrackets(), highlightActiveLine(), highlightActiveLineGutter(),
    highlightSelectionMatches(), search({ top: true }), yaml(), syntaxHighlighting(COLOURS), LOOK,
    autocompletion({ override: [(context) => complete(context, around)], icons: false }),
    EditorView.contentAttributes.of({ 'aria-label': around.label, spellcheck: 'false' }),
    EditorView.updateListener.of((update) => update.docChanged && around.changed(update.state.doc.toString())),
    keymap.of([{ key: 'Mod-s', preventDefault: true, run: () => (around.save(), true) }, ...closeBracketsKeymap, ...completionKeymap, ...searchKeymap, ...historyKeymap, ...foldKeymap, ...defaultKeymap, indentWithTab]),
  ];
}

/** What is typed over a selection: Chromium would keep its look by a style written in the page, which the content policy refuses. */
const TYPED_OVER = EditorView.domEventHandlers({
  beforeinput: (event, view) => {
    const { main } = view.state.selection;
    const text = event.data;
    if (event.inputType !== 'insertText' || !text || main.empty || view.composing || view.state.readOnly) return false;
    event.preventDefault();
    const insert = () => view.state.update(view.state.replaceSelection(text), { userEvent: 'input.type', scrollIntoView: true });
    if (!view.state.facet(EditorView.inputHandler).some((handle) => handle(view, main.from, main.to, text, insert))) view.dispatch(insert());
    return true;
  },
});

/** Keys and values that make sense where somebody writes, each with its sentence. */
function complete(context: CompletionContext, around: Around): CompletionResult | null {
  const schema = around.schema();
  const word = context.matchBefore(/[\w$.]*/);
  if (!schema || !word || (word.from === word.to && !context.explicit)) return null;
  const writing = writingAt(context.state.sliceDoc(0, word.from), context.state.sliceDoc(context.pos, Math.min(context.state.doc.length, context.pos + 2_000)));
  const here = schemaAt(schema, writing.key ? [...writing.path, writing.key] : writing.path, writing.use);
  if (!here) return null;
  const options = writing.key ? valuesOf(schema, here, writing.key, around) : keysOf(schema, here, writing.held);
  return options.length ? { from: word.from, options, validFor: /^[\w$.]*$/ } : null;
}

function keysOf(root: Schema, here: Schema, held: readonly string[]): Completion[] {
  return choices(root, here).flatMap((one) =>
    Object.entries(one.properties ?? {}).filter(([name]) => !held.includes(name)).map(([name, about]) => ({
      label: name, apply: `${name}: `, type: 'property', info: about.description, boost: one.required?.includes(name) ? 1 : 0,
    })),
  );
}

function valuesOf(root: Schema, here: Schema, key: string, around: Around): Completion[] {
  if (key === 'fact') {
    return around.facts().map((fact) => ({ label: fact.id, type: 'variable', detail: fact.types.join(', '), info: fact.values?.slice(0, 6).join(', ') }));
  }
  return choices(root, here).flatMap((one) => [
    ...(one.enum ?? []).map((value, at) => ({ label: String(value), type: 'enum', info: one.enumDescriptions?.[at] })),
    ...(one.type === 'boolean' ? [{ label: 'true', type: 'enum' }, { label: 'false', type: 'enum' }] : []),
  ]);
}

const COLOURS = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--brand)', fontWeight: '500' },
  { tag: tags.comment, color: 'var(--text-2)', fontStyle: 'italic' },
  { tag: [tags.string, tags.content], color: 'var(--text)' },
  { tag: [tags.number, tags.bool, tags.keyword, tags.atom], color: 'var(--info)' },
  { tag: [tags.labelName, tags.typeName, tags.meta], color: 'var(--warn)' },
  { tag: tags.punctuation, color: 'var(--text-2)' },
]);

const LOOK = EditorView.theme({
  '&': { height: '100%', backgroundColor: 'var(--surface)', color: 'var(--text)', fontSize: '13.5px' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--font-mono)', lineHeight: '1.6' },
  '.cm-content': { padding: '8px 0', caretColor: 'var(--text)' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '.cm-gutters': { backgroundColor: 'var(--surface-2)', color: 'var(--text-2)', borderRight: '1px solid var(--line)' },
  '.cm-activeLine': { backgroundColor: 'color-mix(in srgb, var(--brand-soft) 55%, transparent)' },
  '.cm-activeLineGutter': { backgroundColor: 'var(--brand-soft)', color: 'var(--text)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': { backgroundColor: 'color-mix(in srgb, var(--info-fill) 30%, transparent)' },
  '.cm-selectionMatch': { backgroundColor: 'var(--brand-soft)' },
  '.cm-foldPlaceholder': { backgroundColor: 'var(--surface-3)', border: 'none', color: 'var(--text-2)', padding: '0 6px' },
  '.cm-tooltip': { backgroundColor: 'var(--surface)', color: 'var(--text)', border: '1px solid var(--line)', borderRadius: 'var(--radius-s)', boxShadow: 'var(--shadow-2)', font: '400 14px/1.4 var(--font)' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul': { fontFamily: 'var(--font-mono)', fontSize: '13px', maxHeight: '240px' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li': { padding: '4px 10px' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': { backgroundColor: 'var(--brand-soft)', color: 'var(--text)' },
  '.cm-completionInfo': { maxWidth: '320px', padding: '8px 10px', whiteSpace: 'normal' },
  '.cm-completionMatchedText': { textDecoration: 'none', fontWeight: '700', color: 'var(--brand)' },
  '.cm-completionDetail': { color: 'var(--text-2)', fontStyle: 'normal', marginLeft: '10px' },
  '.cm-diagnostic': { padding: '6px 10px' },
  '.cm-diagnostic-error': { borderLeft: '4px solid var(--bad-fill)' },
  '.cm-diagnostic-warning': { borderLeft: '4px solid var(--warn-fill)' },
  '.cm-panels': { backgroundColor: 'var(--surface-2)', color: 'var(--text)', borderColor: 'var(--line)' },
  '.cm-panel input, .cm-panel button': { fontFamily: 'var(--font)', fontSize: '14px' },
});

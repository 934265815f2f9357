import { Engine } from './engine';

function opened(text: string): { engine: Engine; held: () => string; undo: () => void } {
  const host = document.createElement('div');
  document.body.append(host);
  let held = text;
  const engine = new Engine(host, text, false, { nonce: '', label: 'YAML', changed: (next) => (held = next), save: () => undefined, schema: () => undefined, facts: () => [] });
  const content = host.querySelector('.cm-content');
  return { engine, held: () => held, undo: () => void content?.dispatchEvent(new KeyboardEvent('keydown', { key: 'z', code: 'KeyZ', keyCode: 90, ctrlKey: true, bubbles: true, cancelable: true })) };
}

describe('undoing in the editor', () => {
  it('does not take away what was opened', () => {
    const { engine, held, undo } = opened('');
    engine.show('name: draft\n');
    undo();
    expect(held()).toBe('name: draft\n');
    engine.close();
  });

  it('takes back what a form changed', () => {
    const { engine, held, undo } = opened('name: draft\n');
    engine.show('name: other\n');
    expect(held()).toBe('name: other\n');
    undo();
    expect(held()).toBe('name: draft\n');
    engine.close();
  });
});

import { typed } from './typed';

function press(key: string, more: KeyboardEventInit = {}): boolean {
  return document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more }));
}

describe('what is typed while a palette comes', () => {
  it('is kept in its order, and goes nowhere else', () => {
    const heard: string[] = [];
    const listener = ({ key }: KeyboardEvent) => void heard.push(key);
    document.addEventListener('keydown', listener);
    const taken = typed();
    expect(press('Enter')).toBe(true);
    expect([...'poste 7'].map((key) => press(key))).toEqual(Array(7).fill(false));
    expect([press('Enter'), press('c', { ctrlKey: true })]).toEqual([false, true]);
    expect(taken()).toBe('poste 7\n');
    expect(press('x')).toBe(true);
    expect(heard).toEqual(['Enter', 'c', 'x']);
    expect(taken()).toBe('poste 7\n');
    document.removeEventListener('keydown', listener);
  });
});

/** Keeps what is typed from now on, until the function that it gives is called: that one gives it back. Enter after a text is a line end. */
export function typed(): () => string {
  let text = '';
  const hear = (event: KeyboardEvent) => {
    const isEnd = event.key === 'Enter' && text !== '';
    if ((event.key.length === 1 || isEnd) && !event.ctrlKey && !event.metaKey && !event.altKey) {
      text += isEnd ? '\n' : event.key;
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  };
  addEventListener('keydown', hear, { capture: true });
  return () => {
    removeEventListener('keydown', hear, { capture: true });
    return text;
  };
}

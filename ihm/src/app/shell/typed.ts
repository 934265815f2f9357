/** Keeps what is typed from now on, until the function that it gives is called: that one gives it back. */
export function typed(): () => string {
  let text = '';
  const hear = (event: KeyboardEvent) => {
    if (event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey) {
      text += event.key;
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

/** What jsdom lacks and the CDK asks for. */
class NoResizes {
  observe(): void {
    // nothing has a size here
  }
  unobserve(): void {
    // nothing has a size here
  }
  disconnect(): void {
    // nothing has a size here
  }
}

globalThis.ResizeObserver ??= NoResizes as unknown as typeof ResizeObserver;
globalThis.matchMedia ??= (query: string) =>
  ({ matches: false, media: query, onchange: null, addListener: () => undefined, removeListener: () => undefined, addEventListener: () => undefined, removeEventListener: () => undefined, dispatchEvent: () => false }) as MediaQueryList;

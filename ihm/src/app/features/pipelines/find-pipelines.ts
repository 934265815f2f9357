import { Finder } from '@core/feature';

interface Held {
  readonly items: readonly { readonly id: string; readonly title: string }[];
}

/** Pipelines by name or title, for the palette. They are few: read once, then looked through here. */
export function findPipelines(): Finder {
  let held: Promise<Held> | undefined;
  return async (text, signal) => {
    held ??= fetch('/v1/catalog/pipelines', { signal }).then(async (reply) => (reply.ok ? ((await reply.json()) as Held) : { items: [] }));
    const found = await held.catch(() => ((held = undefined), { items: [] }));
    return found.items
      .filter((one) => plain(`${one.id} ${one.title}`).includes(plain(text)))
      .slice(0, 6)
      .map((one) => ({ label: one.title, detail: one.id, link: `/pipelines/${one.id}` }));
  };
}

function plain(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
}

import { answerOf, Finder } from '@core/feature';

interface Held {
  readonly items: readonly { readonly id: string; readonly title: string }[];
}

/** Pipelines by name or title, for the palette. They are few: read once, then looked through here. */
export function findPipelines(): Finder {
  let held: Promise<Held> | undefined;
  return async (text, signal) => {
    held ??= answerOf<Held>('/v1/catalog/pipelines', signal);
    const found = await held.catch((error: unknown) => {
      held = undefined;
      throw error;
    });
    return found.items
      .filter((one) => plain(`${one.id} ${one.title}`).includes(plain(text)))
      .slice(0, 6)
      .map((one) => ({ label: one.title, detail: one.id, link: `/pipelines/${one.id}` }));
  };
}

function plain(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
}

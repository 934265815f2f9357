import { computed, inject, resource, Signal } from '@angular/core';
import { Api, Message, read } from '@core/api/api';
import { lastGood } from '@core/last-good';
import { Problem, problemOf } from '@core/problem';
import { Schema } from '@ui/parameters';

interface Document {
  readonly description?: string;
  readonly parameters?: Schema;
}

/** A published pipeline that brings logs, and needs no approval. */
export interface Collection {
  readonly id: string;
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly schema: Schema;
}

/** The newest version of each collection that sends files, and may be given as it is. */
export function newest(published: readonly Message<'PublishedPipeline'>[]): Message<'PublishedPipeline'>[] {
  const held = new Map<string, Message<'PublishedPipeline'>>();
  for (const one of published) {
    const isGiven = one.state === 'published' && one.kind === 'collect' && one.approval === 'none';
    if (isGiven && one.ref.version > (held.get(one.ref.name)?.ref.version ?? 0)) {
      held.set(one.ref.name, one);
    }
  }
  return [...held.values()].filter((one) => one.sends_files).sort((one, other) => one.title.localeCompare(other.title));
}

/** The collections that may be asked for, read once; call it where injection is possible. */
export function collections(): { list: Signal<readonly Collection[] | undefined>; problem: Signal<Problem | undefined>; retry: () => void } {
  const api = inject(Api);
  const published = read('/v1/pipelines');
  const page = lastGood(published);
  const documents = resource({
    params: () => page() && newest(page()?.items ?? []),
    loader: async ({ params }) => {
      const texts = await Promise.all(params.map((one) => api.get('/v1/pipelines/{name}/{version}', { path: { name: one.ref.name, version: one.ref.version } })));
      return params.map((one, place) => {
        const document = (texts[place] ?? {}) as Document;
        return { id: one.id, name: one.ref.name, title: one.title, description: document.description ?? '', schema: document.parameters ?? {} };
      });
    },
  });
  const list = computed(() => (documents.hasValue() ? documents.value() : undefined));
  const problem = computed(() => {
    const error: unknown = published.error() ?? documents.error();
    return error ? problemOf(error instanceof Error && error.cause ? error.cause : error) : undefined;
  });
  return { list, problem, retry: () => void (published.error() ? published.reload() : documents.reload()) };
}

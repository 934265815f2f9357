import { answerOf, Finder } from '@core/feature';
import { Message } from '@core/api/api';

/** Devices for the palette: by name, practice or id. */
export const find: Finder = async (text, signal) => {
  const page = await answerOf<{ items: Message<'Device'>[] }>(`/v1/devices?${new URLSearchParams({ q: text, sort: 'hostname', limit: '6' })}`, signal);
  return page.items.map((one) => ({ label: one.hostname, detail: one.practice_name || one.practice_id, link: `/postes/${one.id}` }));
};

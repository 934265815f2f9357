import { answerOf, Finder } from '@core/feature';
import { Message } from '@core/api/api';

/** Log requests whose reason or ticket holds the text. */
export const find: Finder = async (text, signal) => {
  const page = await answerOf<{ items: readonly Message<'LogRequestView'>[] }>(`/v1/log-requests?${new URLSearchParams({ q: text.trim(), limit: '5' })}`, signal);
  return page.items.map((one) => ({ label: one.ticket, detail: one.reason, link: `/journaux/${one.id}` }));
};

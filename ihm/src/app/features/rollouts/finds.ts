import { answerOf, Finder } from '@core/feature';
import { Message } from '@core/api/api';

/** Campaigns whose name or pipeline holds the text, among the hundred newest. */
export const find: Finder = async (text, signal) => {
  const asked = text.trim().toLowerCase();
  const page = await answerOf<{ items: readonly Message<'CampaignView'>[] }>('/v1/campaigns?limit=100', signal);
  return page.items
    .filter((one) => `${one.name} ${one.pipeline}`.toLowerCase().includes(asked))
    .slice(0, 5)
    .map((one) => ({ label: one.name, detail: one.pipeline, link: `/deploiements/${one.id}` }));
};

import { Finder } from '@core/feature';
import { Message } from '@core/api/api';

/** Campaigns whose name or pipeline holds the text, among the hundred newest. */
export const find: Finder = async (text, signal) => {
  const asked = text.trim().toLowerCase();
  try {
    const reply = await fetch('/v1/campaigns?limit=100', { signal });
    const page = (await reply.json()) as { items: readonly Message<'CampaignView'>[] };
    return page.items
      .filter((one) => `${one.name} ${one.pipeline}`.toLowerCase().includes(asked))
      .slice(0, 5)
      .map((one) => ({ label: one.name, detail: one.pipeline, link: `/deploiements/${one.id}` }));
  } catch {
    return [];
  }
};

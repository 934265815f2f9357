import { Found } from '@core/feature';
import { Message } from '@core/api/api';

/** Devices for the palette: by name, practice or id. */
export async function find(text: string, signal: AbortSignal): Promise<readonly Found[]> {
  try {
    const reply = await fetch(`/v1/devices?${new URLSearchParams({ q: text, sort: 'hostname', limit: '6' })}`, { signal });
    const page = reply.ok ? ((await reply.json()) as { items: Message<'Device'>[] }) : { items: [] };
    return page.items.map((one) => ({ label: one.hostname, detail: one.practice_name || one.practice_id, link: `/postes/${one.id}` }));
  } catch {
    return [];
  }
}

import { Message } from '@core/api/api';

export type Asked = Message<'CampaignRequest'>;

interface Written {
  readonly pipeline: { readonly name: string; readonly version: number };
  readonly parameters: Record<string, string | number | boolean>;
  readonly condition: Record<string, unknown>;
  readonly rings: readonly { readonly up_to_bp: number }[];
  readonly pilots: readonly string[];
  readonly rollout: Asked['rollout'] | null;
  readonly not_after: string;
  readonly max_targets: number;
  readonly windows?: Asked['windows'];
  readonly supersedes?: boolean;
  readonly through_freezes?: boolean;
  readonly recurrence?: Asked['recurrence'];
  readonly after?: readonly { readonly pipeline: string; readonly version: number }[];
  readonly name: string;
  readonly reason: string;
}

const NO_ROLLOUT: Asked['rollout'] = { advance_after_s: 0, min_answered_pct: 80, max_failed_pct: 5, max_silent_pct: 30, silent_after_s: 86_400, min_runs: 10 };

/** What a document asks for, to be previewed. */
export function askedOf(document: string): Asked {
  const written = JSON.parse(document) as Written;
  return {
    pipeline: `${written.pipeline.name}@${written.pipeline.version}`,
    parameters: written.parameters,
    condition: written.condition,
    rings: written.rings.map((ring) => ring.up_to_bp),
    pilots: written.pilots ?? [],
    rollout: written.rollout ?? NO_ROLLOUT,
    expires_in_s: Math.max(1, Math.floor((Date.parse(written.not_after) - Date.now()) / 1000)),
    max_targets: written.max_targets,
    windows: written.windows ?? [],
    supersedes: written.supersedes ?? false,
    through_freezes: written.through_freezes ?? false,
    recurrence: written.recurrence ?? null,
    after: (written.after ?? []).map((one) => `${one.pipeline}@${one.version}`),
    name: written.name,
    reason: written.reason,
  };
}

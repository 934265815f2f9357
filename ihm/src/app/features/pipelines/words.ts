import { CircleCheck, CircleDashed, FilePen, PenLine } from 'lucide';
import { Message } from '@core/api/api';
import { Icon } from '@core/icon';
import { Tone } from '@ui/tone';

export type Life = Message<'PipelineLife'>;
export type LifeState = Life['state'];

/** The words of states, kinds and owners, once for all the screens. */
export const STATES: Record<LifeState, { readonly label: string; readonly tone: Tone; readonly icon: Icon }> = {
  draft: { label: $localize`:@@pipelines.draft:Brouillon`, tone: 'idle', icon: FilePen },
  awaiting: { label: $localize`:@@pipelines.awaiting:Attend sa signature`, tone: 'warn', icon: PenLine },
  published: { label: $localize`:@@pipelines.published:En service`, tone: 'ok', icon: CircleCheck },
  withdrawn: { label: $localize`:@@pipelines.withdrawn:Retiré`, tone: 'idle', icon: CircleDashed },
};

export function kindOf(kind: string): string {
  return kind === 'collect' ? $localize`:@@pipelines.collect:Collecte` : kind === 'action' ? $localize`:@@pipelines.action:Action` : '';
}

export function approvalOf(approval: string): string {
  return approval === 'none' ? $localize`:@@pipelines.approvalNone:Aucune` : approval ? $localize`:@@pipelines.approvalRequired:Requise` : '';
}

export function ownerOf(owner: string): string {
  return owner === 'git' ? 'git' : owner === 'ihm' ? $localize`:@@pipelines.ownerIhm:Cette interface` : $localize`:@@pipelines.ownerNone:Publié à la main`;
}

/** The version that the screens speak of first: the one that is awaited, else the one in service, else the newest. */
export function shownVersion(life: Life): Life['versions'][number] | undefined {
  return life.versions.find((one) => one.state === 'awaiting') ?? life.versions.find((one) => one.state === 'published') ?? life.versions[0];
}

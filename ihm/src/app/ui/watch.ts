import { CircleX, Copy, FileQuestionMark, MoonStar, RotateCcw, TriangleAlert } from 'lucide';
import { Message } from '@core/api/api';
import { Icon as Shape } from '@core/icon';
import { Tone } from './tone';

export type Watch = Message<'WatchCount'>['watch'];

/** What somebody should look at, in plain words. */
export const WATCH: Record<Watch, { readonly label: string; readonly tone: Tone; readonly icon: Shape }> = {
  suspect: { label: $localize`:@@watch.suspect:Identité en double`, tone: 'bad', icon: Copy },
  failed: { label: $localize`:@@watch.failed:Échec dans les 24 dernières heures`, tone: 'bad', icon: CircleX },
  update_failed: { label: $localize`:@@watch.updateFailed:Mise à jour de l’agent annulée`, tone: 'warn', icon: RotateCcw },
  outdated: { label: $localize`:@@watch.outdated:Agent à mettre à jour`, tone: 'warn', icon: TriangleAlert },
  silent: { label: $localize`:@@watch.silent:Sans nouvelles depuis 7 jours`, tone: 'warn', icon: MoonStar },
  no_facts: { label: $localize`:@@watch.noFacts:Enrôlé, aucune donnée reçue`, tone: 'warn', icon: FileQuestionMark },
};

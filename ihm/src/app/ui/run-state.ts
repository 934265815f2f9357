import { Component, computed, input } from '@angular/core';
import { Ban, CircleAlert, CircleCheck, CircleDashed, CircleX, Clock3, Hourglass, SkipForward } from 'lucide';
import { Icon as Shape } from '@core/icon';
import { Status } from './status';
import { Tone } from './tone';

interface Told {
  readonly label: string;
  readonly tone: Tone;
  readonly icon: Shape;
}

/** What becomes of an order, from the moment it is made. */
export const RUN_STATE: Readonly<Record<string, Told>> = {
  waiting: { label: $localize`:@@run.waiting:En file`, tone: 'idle', icon: Hourglass },
  pending: { label: $localize`:@@run.pending:En attente du poste`, tone: 'idle', icon: CircleDashed },
  delivered: { label: $localize`:@@run.delivered:En cours`, tone: 'info', icon: Clock3 },
  done: { label: $localize`:@@run.done:Réussie`, tone: 'ok', icon: CircleCheck },
  skipped: { label: $localize`:@@run.skipped:Sans objet`, tone: 'idle', icon: SkipForward },
  failed: { label: $localize`:@@run.failed:Échec`, tone: 'bad', icon: CircleX },
  timed_out: { label: $localize`:@@run.timedOut:Délai dépassé`, tone: 'bad', icon: CircleX },
  expired: { label: $localize`:@@run.expired:Expirée`, tone: 'idle', icon: Hourglass },
  cancelled: { label: $localize`:@@run.cancelled:Annulée`, tone: 'idle', icon: Ban },
  unknown: { label: $localize`:@@run.unknown:Issue inconnue`, tone: 'warn', icon: CircleAlert },
};

export function runState(state: string): Told {
  return RUN_STATE[state] ?? { label: state, tone: 'idle', icon: CircleDashed };
}

/** The state of an order or of its run: the same shape, word and colour everywhere; another word can stand in its place. */
@Component({
  selector: 'cnp-run-state',
  imports: [Status],
  template: `<cnp-status [tone]="told().tone" [icon]="told().icon" [title]="told().label">{{ text() || told().label }}</cnp-status>`,
})
export class RunStatus {
  readonly state = input.required<string>();
  readonly text = input('');
  protected readonly told = computed(() => runState(this.state()));
}

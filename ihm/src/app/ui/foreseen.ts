import { Component, input } from '@angular/core';
import { Message } from '@core/api/api';
import { bytes } from '@core/format';
import { Status } from './status';
import { Tone } from './tone';

type Effect = Pick<Message<'Effect'>, 'verb' | 'target'> & Partial<Message<'Effect'>>;
/** As it comes: what is as usual is left out. */
type Step = Pick<Message<'StepReport'>, 'id' | 'state'> & { readonly code?: string; readonly detail?: string; readonly effects?: readonly Effect[] };

const VERBS: Readonly<Record<Effect['verb'], string>> = {
  write: $localize`:@@foreseen.write:écrirait`,
  replace: $localize`:@@foreseen.replace:remplacerait`,
  make_folder: $localize`:@@foreseen.makeFolder:créerait le dossier`,
  move: $localize`:@@foreseen.move:déplacerait`,
  remove: $localize`:@@foreseen.remove:supprimerait`,
  run: $localize`:@@foreseen.run:lancerait`,
  download: $localize`:@@foreseen.download:téléchargerait`,
  update: $localize`:@@foreseen.update:passerait l’agent en version`,
  send: $localize`:@@foreseen.send:enverrait des données de`,
  stop: $localize`:@@foreseen.stop:arrêterait le service`,
  start: $localize`:@@foreseen.start:démarrerait le service`,
  disable: $localize`:@@foreseen.disable:désactiverait le service`,
  delete_service: $localize`:@@foreseen.deleteService:supprimerait le service`,
};

/** How one step of a dry run is told: what it would come to. */
export function outcomeOf(step: Omit<Step, 'id'>): { tone: Tone; label: string } {
  switch (step.state) {
    case 'failed':
    case 'timed_out':
      return { tone: 'bad', label: $localize`:@@foreseen.fails:échouerait` };
    case 'skipped':
      return { tone: 'idle', label: $localize`:@@foreseen.skipped:serait sautée` };
    case 'unknown':
      return { tone: 'warn', label: $localize`:@@foreseen.unknown:ne peut être prévue` };
    default:
      if (step.code === 'dry.foreseen') return { tone: 'info', label: $localize`:@@foreseen.onlyReal:la suite dépend de l’exécution` };
      return step.effects?.length ? { tone: 'ok', label: $localize`:@@foreseen.does:réussirait` } : { tone: 'idle', label: $localize`:@@foreseen.nothing:rien à faire` };
  }
}

/** What a dry run found, step by step: each thing that would be done, and what would keep it from being done. */
@Component({
  selector: 'cnp-foreseen',
  imports: [Status],
  template: `
    <ol class="plain">
      @for (step of steps(); track step.id) {
        <li>
          <p class="head"><span class="mono">{{ step.id }}</span><cnp-status [tone]="outcome(step).tone">{{ outcome(step).label }}</cnp-status></p>
          @if (step.effects?.length) {
            <ul class="plain effects">
              @for (effect of step.effects; track $index) {
                <li>{{ verbs[effect.verb] }} <span class="mono">{{ effect.target }}</span>@if (effect.size_bytes) {<span class="muted num">&nbsp;· {{ size(effect.size_bytes) }}</span>}@if (effect.detail) {<span class="muted mono">&nbsp;· {{ effect.detail }}</span>}</li>
              }
            </ul>
          }
          @if (step.detail) { <p class="small muted wrap">{{ step.detail }}</p> }
        </li>
      } @empty { <li class="muted"><ng-content /></li> }
    </ol>
  `,
  styles: `
    ol > li { padding: 8px 0; border-top: 1px solid var(--line); }
    ol > li:first-child { border-top: 0; }
    .head { display: flex; flex-wrap: wrap; gap: 4px 14px; align-items: center; margin: 0; }
    .effects { margin: 4px 0 0; padding-left: 14px; }
    .effects li { overflow-wrap: anywhere; }
    p { margin: 4px 0 0; }
  `,
})
export class Foreseen {
  readonly steps = input.required<readonly Step[]>();
  protected readonly verbs = VERBS;
  protected readonly outcome = outcomeOf;
  protected readonly size = bytes;
}

import { Component, computed, input } from '@angular/core';
import { CircleAlert, CircleCheck, CircleDashed, CircleX, Clock3 } from 'lucide';
import { Icon as Shape } from '@core/icon';
import { Icon } from './icon';
import { Tone } from './tone';

const SHAPES: Record<Tone, Shape> = { ok: CircleCheck, warn: CircleAlert, bad: CircleX, info: Clock3, idle: CircleDashed };

/** A state: shape, word, colour, in that order. */
@Component({
  selector: 'cnp-status',
  imports: [Icon],
  template: `<cnp-icon [icon]="shape()" [size]="16" /><span [class.word]="strong()"><ng-content /></span>`,
  host: { '[class]': 'tone()' },
  styles: `
    :host { display: inline-flex; align-items: center; gap: 7px; vertical-align: middle; white-space: nowrap; }
    :host(.ok) cnp-icon { color: var(--ok); }
    :host(.warn) cnp-icon { color: var(--warn); }
    :host(.bad), :host(.bad) cnp-icon { color: var(--bad); }
    :host(.info) cnp-icon { color: var(--info); }
    :host(.idle) cnp-icon { color: var(--idle); }
    .word { font-weight: 600; }
  `,
})
export class Status {
  readonly tone = input.required<Tone>();
  readonly icon = input<Shape>();
  readonly strong = input(false);
  protected readonly shape = computed(() => this.icon() ?? SHAPES[this.tone()]);
}

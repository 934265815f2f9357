import { Component, computed, input } from '@angular/core';
import { count } from '@core/format';
import { Tone } from './tone';

/** A part of a whole. */
export interface Segment {
  readonly label: string;
  readonly value: number;
  readonly tone: Tone;
}

/** A bar cut in parts that add up, with their words below; no part that exists is thinner than 3 px. */
@Component({
  selector: 'cnp-segments',
  template: `
    <div class="bar" [class.thick]="thick()" role="img" [attr.aria-label]="sentence()">
      @for (segment of present(); track segment.label) {
        <span [class]="segment.tone" [style.flex-grow]="segment.value" [title]="segment.label + ' : ' + shown(segment.value)"></span>
      }
    </div>
    @if (legend()) {
      <ul class="plain" aria-hidden="true">
        @for (segment of present(); track segment.label) {
          <li><i [class]="segment.tone"></i>{{ segment.label }} <b class="num">{{ shown(segment.value) }}</b></li>
        }
      </ul>
    }
  `,
  styles: `
    :host { display: grid; gap: 8px; min-width: 80px; }
    .bar { display: flex; gap: 1px; height: 8px; overflow: hidden; border-radius: 4px; background: var(--surface-3); }
    .bar.thick { height: 14px; border-radius: 7px; }
    .bar span { flex: 0 1 0; min-width: 3px; }
    ul { display: flex; flex-wrap: wrap; gap: 2px 16px; font-size: 14px; color: var(--text-2); }
    li { display: inline-flex; align-items: center; gap: 6px; }
    b { color: var(--text); font-weight: 600; }
    i { width: 9px; height: 9px; border-radius: 3px; }
    .ok { background: var(--ok-fill); } .warn { background: var(--warn-fill); } .bad { background: var(--bad-fill); }
    .info { background: var(--info-fill); } .idle { background: var(--idle-fill); }
  `,
})
export class Segments {
  readonly segments = input.required<readonly Segment[]>();
  readonly legend = input(true);
  readonly thick = input(false);
  protected readonly present = computed(() => this.segments().filter((segment) => segment.value > 0));
  protected readonly sentence = computed(() => this.present().map((one) => `${one.label} : ${count(one.value)}`).join(', ') || $localize`:@@ui.nothing:rien`);
  protected readonly shown = count;
}

import { Component, computed, inject, input } from '@angular/core';
import { ago, instant } from '@core/format';
import { Now } from '@core/now';

/** « il y a 4 min », with the instant itself in its title; nothing for what is unknown. */
@Component({
  selector: 'cnp-ago',
  template: `@if (at(); as at) { <time [attr.datetime]="at" [title]="full()">{{ said() }}</time> } @else { <span class="muted">—</span> }`,
})
export class Ago {
  readonly at = input<string | null>();
  private readonly now = inject(Now).ms;
  protected readonly said = computed(() => ago(this.at() ?? 0, this.now()));
  protected readonly full = computed(() => instant(this.at() ?? 0));
}

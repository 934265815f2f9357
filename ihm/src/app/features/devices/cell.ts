import { Component, computed, input } from '@angular/core';
import { RouterLink } from '@angular/router';
import { Ago } from '@ui/ago';
import { DeviceStatus } from '@ui/device-state';
import { RunStatus } from '@ui/run-state';
import { Column, factText, Row } from './columns';

/** What a column shows of a device. */
@Component({
  selector: 'cnp-cell',
  imports: [Ago, DeviceStatus, RouterLink, RunStatus],
  template: `
    @switch (column().id) {
      @case ('hostname') { <a class="mono" [routerLink]="['/postes', row().id]">{{ row().hostname }}</a> }
      @case ('state') { <cnp-device-state [state]="row().state" /> }
      @case ('practice') { <span [title]="row().practice_id">{{ row().practice_name || row().practice_id }}</span>@if (row().practice_city) { <span class="muted">, {{ row().practice_city }}</span> } }
      @case ('product') { {{ fact('product.version') }} }
      @case ('os') { {{ fact('os.name') }} }
      @case ('agent_version') { {{ row().agent_version }} }
      @case ('last_run') {
        @if (row().last_run; as run) { <cnp-run-state [state]="run.state" [text]="run.pipeline" /> } @else { <span class="muted">—</span> }
      }
      @case ('last_seen') { <cnp-ago [at]="row().last_seen_at" /> }
      @case ('tags') { @for (tag of row().tags; track tag) { <span class="badge">{{ tag }}</span> } }
      @case ('platform') { {{ row().platform === 'windows' ? 'Windows' : row().platform === 'linux' ? 'Linux' : row().platform }} }
      @case ('enrolled') { <cnp-ago [at]="row().enrolled_at" /> }
      @case ('id') { <span class="mono">{{ row().id }}</span> }
      @default { {{ own() }} }
    }
  `,
  styles: `
    :host { display: block; overflow: hidden; text-overflow: ellipsis; line-height: 22px; }
    cnp-device-state, cnp-run-state { display: flex; min-width: 0; }
    .badge { margin-right: 4px; }
  `,
})
export class Cell {
  readonly row = input.required<Row>();
  readonly column = input.required<Column>();
  protected readonly own = computed(() => this.fact(this.column().id.replace(/^fact:/, '')));

  protected fact(name: string): string {
    return factText(this.row().facts[name]);
  }
}

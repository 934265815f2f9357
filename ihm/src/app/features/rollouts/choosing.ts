import { Component, computed, input, model, signal } from '@angular/core';
import { Plus, X } from 'lucide';
import { Message, read } from '@core/api/api';
import { Icon } from '@ui/icon';
import { SearchBox } from '@ui/search-box';

export type Chosen = Pick<Message<'Device'>, 'id' | 'hostname'>;

/** A few devices, looked for by name. */
@Component({
  selector: 'cnp-choose-devices',
  imports: [Icon, SearchBox],
  template: `
    @if (chosen().length) {
      <ul class="plain chips">
        @for (one of chosen(); track one.id) {
          <li class="chip"><span class="mono">{{ one.hostname }}</span><button type="button" [attr.aria-label]="dropLabel(one)" (click)="drop(one)"><cnp-icon [icon]="icons.X" [size]="14" /></button></li>
        }
      </ul>
    }
    @if (chosen().length < most()) {
      <div class="look"><cnp-search-box [value]="q()" [label]="label()" (searched)="q.set($event)" /><ng-content /></div>
    }
    @if (q()) {
      <ul class="plain found" role="group" [attr.aria-label]="label()">
        @for (one of found(); track one.id) {
          <li><button type="button" class="button quiet small" (click)="add(one)"><cnp-icon [icon]="icons.Plus" [size]="15" /><span class="mono">{{ one.hostname }}</span> <span class="muted">{{ one.practice_id }}</span></button></li>
        } @empty {
          <li class="muted small" role="status">
            @if (devices.error()) { <ng-container i18n="@@rollouts.pilotsFailed">La recherche n’a pas abouti.</ng-container> <button type="button" class="link-button" (click)="devices.reload()" i18n="@@ui.retry">Réessayer</button> }
            @else if (devices.isLoading()) { <ng-container i18n="@@ui.loading">Chargement…</ng-container> } @else { {{ nobody() }} }
          </li>
        }
      </ul>
    }
  `,
  styles: `
    :host { display: grid; gap: 8px; }
    .chips, .found, .look { display: flex; flex-wrap: wrap; gap: 6px; }
    .look { gap: 8px; }
    cnp-search-box { flex: 1 1 240px; }
  `,
})
export class ChooseDevices {
  readonly chosen = model<readonly Chosen[]>([]);
  /** Of the field, for those who do not see it too. */
  readonly label = input.required<string>();
  /** Only devices for which it holds, as `GET /v1/devices` takes it. */
  readonly condition = input<string>();
  readonly most = input(1000);
  readonly nobody = input($localize`:@@rollouts.noPilot:Aucun poste de ce nom.`);
  protected readonly q = signal('');
  protected readonly icons = { Plus, X };
  protected readonly devices = read('/v1/devices', () => (this.q() ? { query: { q: this.q(), condition: this.condition(), limit: 8 } } : undefined));
  protected readonly found = computed(() => {
    const chosen = new Set(this.chosen().map((one) => one.id));
    return (this.devices.hasValue() ? this.devices.value().items : []).filter((one) => !chosen.has(one.id));
  });

  protected add({ id, hostname }: Chosen): void {
    this.chosen.update((chosen) => [...chosen, { id, hostname }]);
    this.q.set('');
  }

  protected drop(one: Chosen): void {
    this.chosen.update((chosen) => chosen.filter((other) => other.id !== one.id));
  }

  protected dropLabel(one: Chosen): string {
    return $localize`:@@rollouts.dropPilot:Retirer ${one.hostname}:name:`;
  }
}

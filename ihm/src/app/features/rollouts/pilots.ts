import { Component, computed, model, signal } from '@angular/core';
import { Plus, X } from 'lucide';
import { Message, read } from '@core/api/api';
import { Icon } from '@ui/icon';
import { SearchBox } from '@ui/search-box';

export type Pilot = Pick<Message<'Device'>, 'id' | 'hostname'>;

/** Devices that go first, wherever their place in the rings is: looked for by name. */
@Component({
  selector: 'cnp-pilots',
  imports: [Icon, SearchBox],
  template: `
    <p class="label" id="pilots-label" i18n="@@rollouts.pilots">Postes pilotes</p>
    <p class="hint" i18n="@@rollouts.pilotsHint">Ils sont du premier palier, où que les place l’empreinte de leur identifiant.</p>
    @if (pilots().length) {
      <ul class="plain chips">
        @for (one of pilots(); track one.id) {
          <li class="chip"><span class="mono">{{ one.hostname }}</span><button type="button" [attr.aria-label]="dropLabel(one)" (click)="drop(one)"><cnp-icon [icon]="icons.X" [size]="14" /></button></li>
        }
      </ul>
    }
    <cnp-search-box [value]="q()" i18n-label="@@rollouts.findPilot" label="Nom d’un poste" (searched)="q.set($event)" />
    @if (q()) {
      <ul class="plain found" role="group" aria-labelledby="pilots-label">
        @for (one of found(); track one.id) {
          <li><button type="button" class="button quiet small" (click)="add(one)"><cnp-icon [icon]="icons.Plus" [size]="15" /><span class="mono">{{ one.hostname }}</span> <span class="muted">{{ one.practice_id }}</span></button></li>
        } @empty {
          <li class="muted small" role="status">
            @if (devices.error()) { <ng-container i18n="@@rollouts.pilotsFailed">La recherche n’a pas abouti.</ng-container> <button type="button" class="link-button" (click)="devices.reload()" i18n="@@ui.retry">Réessayer</button> }
            @else if (devices.isLoading()) { <ng-container i18n="@@ui.loading">Chargement…</ng-container> } @else { <ng-container i18n="@@rollouts.noPilot">Aucun poste de ce nom.</ng-container> }
          </li>
        }
      </ul>
    }
  `,
  styles: `
    :host { display: grid; gap: 8px; }
    .chips, .found { display: flex; flex-wrap: wrap; gap: 6px; }
  `,
})
export class Pilots {
  readonly pilots = model<readonly Pilot[]>([]);
  protected readonly q = signal('');
  protected readonly icons = { Plus, X };
  protected readonly devices = read('/v1/devices', () => (this.q() ? { query: { q: this.q(), limit: 8 } } : undefined));
  protected readonly found = computed(() => {
    const chosen = new Set(this.pilots().map((one) => one.id));
    return (this.devices.hasValue() ? this.devices.value().items : []).filter((one) => !chosen.has(one.id));
  });

  protected add({ id, hostname }: Pilot): void {
    this.pilots.update((pilots) => [...pilots, { id, hostname }]);
    this.q.set('');
  }

  protected drop(pilot: Pilot): void {
    this.pilots.update((pilots) => pilots.filter((one) => one.id !== pilot.id));
  }

  protected dropLabel(one: Pilot): string {
    return $localize`:@@rollouts.dropPilot:Retirer ${one.hostname}:name:`;
  }
}

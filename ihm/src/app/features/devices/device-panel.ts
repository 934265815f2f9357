import { Component, computed, input } from '@angular/core';
import { RouterLink } from '@angular/router';
import { read } from '@core/api/api';
import { bytes } from '@core/format';
import { Ago } from '@ui/ago';
import { DeviceStatus } from '@ui/device-state';
import { RunStatus } from '@ui/run-state';
import { factText, Row } from './columns';

/** A device beside the list: where it stands, its facts, its last runs. */
@Component({
  selector: 'cnp-device-panel',
  imports: [Ago, DeviceStatus, RouterLink, RunStatus],
  template: `
    <div class="stack">
      <dl class="facts">
        <dt i18n="@@devices.state">État</dt><dd><cnp-device-state [state]="device().state" /></dd>
        <dt i18n="@@devices.practice">Cabinet</dt><dd>{{ device().practice_name || device().practice_id }}@if (device().practice_city) { <span class="muted">, {{ device().practice_city }}</span> }</dd>
        <dt i18n="@@devices.lastSeen">Dernier contact</dt><dd><cnp-ago [at]="device().last_seen_at" /></dd>
        <dt i18n="@@devices.agent">Agent</dt><dd>{{ device().agent_version }}</dd>
        @if (device().tags.length) { <dt i18n="@@devices.tag">Étiquettes</dt><dd>@for (tag of device().tags; track tag) { <span class="badge">{{ tag }}</span> }</dd> }
      </dl>
      <a class="button" [routerLink]="['/postes', device().id]" i18n="@@devices.openPage">Ouvrir la fiche</a>
      <section><h3 i18n="@@devices.lastRuns">Dernières exécutions</h3>
        @if (runs(); as found) {
          <ul class="plain">
            @for (run of found; track run.id) { <li><cnp-run-state [state]="run.state" [text]="run.pipeline" /><span class="muted small"><cnp-ago [at]="run.finished_at" /></span></li> }
            @if (!found.length) { <li class="muted" i18n="@@devices.noRuns">Aucune exécution.</li> }
          </ul>
        } @else { <span class="skeleton"></span> }
      </section>
      <section><h3 i18n="@@device.facts">Données du poste</h3>
        <dl class="facts">@for (fact of facts(); track fact.name) { <dt class="mono">{{ fact.name }}</dt><dd>{{ fact.text }}</dd> }</dl>
      </section>
    </div>
  `,
  styles: `
    h3 { margin-bottom: 8px; }
    li { display: flex; justify-content: space-between; gap: 12px; padding: 4px 0; font-size: 15px; }
    .badge { margin-right: 4px; }
    dt.mono { font-size: 13px; }
  `,
})
export class DevicePanel {
  readonly device = input.required<Row>();
  private readonly listed = read('/v1/runs', () => ({ query: { device: this.device().id, limit: 5 } }));
  protected readonly runs = computed(() => (this.listed.hasValue() ? this.listed.value()?.items : undefined));
  protected readonly facts = computed(() =>
    Object.entries(this.device().facts).sort().map(([name, value]) => ({ name, text: name.endsWith('_bytes') ? bytes(Number(value)) : factText(value) })),
  );
}

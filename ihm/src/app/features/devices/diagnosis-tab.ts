import { Component, computed, input } from '@angular/core';
import { RouterLink } from '@angular/router';
import { read } from '@core/api/api';
import { count } from '@core/format';
import { lastGood } from '@core/last-good';
import { problemOf } from '@core/problem';
import { Ago } from '@ui/ago';
import { Copy } from '@ui/copy';
import { Shown, stateOf } from '@ui/shown';

/** How the link between the API and a PC stands. */
@Component({
  selector: 'cnp-diagnosis-tab',
  imports: [Ago, Copy, RouterLink, Shown],
  template: `
    <div class="grid-2">
      <section class="card"><div class="card-head"><h2 i18n="@@diagnosis.link">Liaison</h2></div>
        <cnp-shown name="device-link" [state]="state()" [problem]="problem()" [rows]="4" (retry)="held.reload()">
          @if (found(); as one) {
            <dl class="facts">
              <dt i18n="@@diagnosis.seen">Dernier contact</dt><dd><cnp-ago [at]="one.last_seen_at" /></dd>
              <dt i18n="@@diagnosis.connected">À l’écoute</dt><dd>@if (one.is_connected_here) { <ng-container i18n="@@diagnosis.yes">oui : un ordre lui parvient aussitôt</ng-container> } @else { <ng-container i18n="@@diagnosis.no">pas de ce serveur : un ordre lui parvient à son prochain appel</ng-container> }</dd>
              <dt i18n="@@diagnosis.calls">Appels comptés</dt><dd class="num">{{ count(one.counter) }}</dd>
              <dt i18n="@@diagnosis.agent">Agent</dt><dd>{{ one.agent_version }}</dd>
              <dt i18n="@@diagnosis.enrolled">Enrôlé</dt><dd><cnp-ago [at]="one.enrolled_at" /></dd>
              <dt i18n="@@diagnosis.generation">Génération de clé</dt><dd class="num">{{ one.generation }}</dd>
              <dt i18n="@@diagnosis.facts">Données</dt><dd>{{ count(one.facts) }}@if (one.facts_at) { <span class="muted">, <ng-container i18n="@@diagnosis.changed">modifiées</ng-container>&ngsp;<cnp-ago [at]="one.facts_at" /></span> }</dd>
            </dl>
          }
        </cnp-shown>
      </section>
      <section class="card"><div class="card-head"><h2 i18n="@@diagnosis.queues">Files</h2></div>
        <cnp-shown name="device-queues" [state]="state()" [problem]="problem()" [rows]="4" (retry)="held.reload()">
          @if (found(); as one) {
            <dl class="facts">
              <dt i18n="@@diagnosis.given">Ordres donnés</dt><dd class="num">{{ count(one.order_seq) }}</dd>
              <dt i18n="@@diagnosis.pending">En attente du poste</dt><dd class="num">{{ count(one.orders_pending) }}</dd>
              <dt i18n="@@diagnosis.delivered">Remis, sans réponse</dt><dd class="num">{{ count(one.orders_delivered) }}</dd>
              @for (stream of one.streams; track stream.stream) { <dt><ng-container i18n="@@diagnosis.stream">Flux</ng-container>&ngsp;<span class="mono">{{ stream.stream }}</span></dt><dd class="num">{{ count(stream.mark) }} <span class="muted" i18n="@@diagnosis.records">enregistrements reçus</span></dd> }
              <dt i18n="@@diagnosis.rejected">Enregistrements refusés</dt><dd class="num">{{ count(one.rejected_records) }}</dd>
              <dt i18n="@@diagnosis.twins">Même matériel</dt><dd>
                @for (twin of one.same_hardware; track twin) { <a [routerLink]="['/postes', twin]" class="mono">{{ twin }}</a><br /> }
                @if (!one.same_hardware.length) { <span class="muted" i18n="@@diagnosis.noTwin">aucun autre poste</span> }
              </dd>
              <dt i18n="@@diagnosis.id">Identifiant</dt><dd><cnp-copy [text]="id()" i18n-label="@@diagnosis.id" label="Identifiant" /></dd>
            </dl>
          }
        </cnp-shown>
      </section>
    </div>
  `,
  styles: 'dl { margin: 0; padding: 4px 16px 16px; }',
})
export class DiagnosisTab {
  readonly id = input.required<string>();
  readonly version = input.required<string>();
  protected readonly held = read('/v1/devices/{device_id}/diagnosis', () => {
    this.version();
    return { path: { device_id: this.id() } };
  });
  protected readonly found = lastGood(this.held);
  protected readonly problem = computed(() => (this.held.error() ? problemOf(this.held.error()) : undefined));
  protected readonly state = computed(() => stateOf(this.found() && 1, this.problem()));
  protected readonly count = count;
}

import { Component, computed, inject, input, linkedSignal } from '@angular/core';
import { read } from '@core/api/api';
import { bytes } from '@core/format';
import { lastGood } from '@core/last-good';
import { Live } from '@core/live';
import { paced } from '@core/paced';
import { problemOf } from '@core/problem';
import { Ago } from '@ui/ago';
import { Pager } from '@ui/pager';
import { Shown, stateOf } from '@ui/shown';
import { actorOf, onPcOf } from './words';

const PAGE = 50;
const EVERY_MS = 3_000;

/** What was purged: its bytes are gone, and this is what remains of them. */
@Component({
  selector: 'cnp-log-receipts',
  imports: [Ago, Pager, Shown],
  template: `
    <div class="card-head"><h2 i18n="@@logs.receipts">Reçus de purge</h2></div>
    <cnp-shown name="log-receipts" [state]="state()" [problem]="problem()" (retry)="asked.reload()" [rows]="3" i18n-empty="@@logs.noReceipt" empty="Aucune archive n’était là quand la demande a été purgée.">
      <div class="table-scroll" tabindex="0" role="group" i18n-aria-label="@@logs.receipts" aria-label="Reçus de purge">
        <table class="list">
          <thead>
            <tr>
              <th scope="col" i18n="@@logs.colDevice">Poste</th><th scope="col" i18n="@@logs.colArchive">Archive</th><th scope="col" class="end" i18n="@@logs.colSize">Taille</th>
              <th scope="col">SHA-256</th><th scope="col" i18n="@@logs.colPurged">Purgée</th><th scope="col" i18n="@@logs.colBy">Par</th><th scope="col" i18n="@@logs.colBytesGone">Octets</th><th scope="col" i18n="@@logs.colOnPc">Sur le poste</th>
            </tr>
          </thead>
          <tbody>
            @for (row of rows(); track row.id) {
              <tr>
                <td class="mono">{{ row.hostname }}</td><td>{{ row.name }}</td><td class="end">{{ bytes(row.size_bytes) }}</td>
                <td class="mono ellipsis sha" [title]="row.sha256">{{ row.sha256 }}</td><td><cnp-ago [at]="row.purged_at" /></td><td>{{ actor(row.purged_by) }}</td>
                <td>@if (row.bytes_removed) { <ng-container i18n="@@logs.bytesGone">effacés</ng-container> } @else { <ng-container i18n="@@logs.bytesShared">gardés par une autre demande</ng-container> }</td>
                <td [class.muted]="row.on_pc === 'not_heard'">{{ onPc(row.on_pc) }}@if (row.gone_at) { <span class="muted"> · <cnp-ago [at]="row.gone_at" /></span> }</td>
              </tr>
            }
          </tbody>
        </table>
      </div>
      @if (start() || next()) { <cnp-pager [hasPrevious]="!!start()" [hasNext]="!!next()" (previous)="start.set('')" (next)="start.set(next() ?? '')" /> }
    </cnp-shown>
  `,
  host: { class: 'card' },
  styles: ':host { display: block; } .sha { max-width: 180px; }',
})
export class LogReceipts {
  readonly request = input.required<string>();
  private readonly changed = paced(inject(Live).topic('logs'), EVERY_MS);
  protected readonly start = linkedSignal<string, string>({ source: this.request, computation: () => '' });
  protected readonly asked = read('/v1/log-requests/{request_id}/receipts', () => {
    this.changed();
    return { path: { request_id: this.request() }, query: { after: this.start(), limit: PAGE } };
  });
  private readonly page = lastGood(this.asked, () => `${this.request()} ${this.start()}`);
  protected readonly rows = computed(() => this.page()?.items ?? []);
  protected readonly next = computed(() => this.page()?.next ?? undefined);
  protected readonly problem = computed(() => (this.asked.error() ? problemOf(this.asked.error()) : undefined));
  protected readonly state = computed(() => stateOf(this.page()?.items.length, this.problem()));
  protected readonly actor = actorOf;
  protected readonly onPc = onPcOf;
  protected readonly bytes = bytes;
}

import { Component, computed, inject, input } from '@angular/core';
import { Message, read } from '@core/api/api';
import { count } from '@core/format';
import { lastGood } from '@core/last-good';
import { Live } from '@core/live';
import { paced } from '@core/paced';
import { problemOf } from '@core/problem';
import { Ago } from '@ui/ago';
import { Shown, stateOf } from '@ui/shown';
import { actorOf } from './words';

const EVERY_MS = 3_000;

/** Who asked, who opened which archive, who purged. */
@Component({
  selector: 'cnp-log-history',
  imports: [Ago, Shown],
  template: `
    <div class="card-head"><h2 i18n="@@logs.history">Qui a demandé, ouvert, purgé</h2></div>
    <cnp-shown name="log-history" [state]="state()" [problem]="problem()" (retry)="lines.reload()" [rows]="3" i18n-empty="@@logs.noHistory" empty="Rien n’a encore été noté.">
      <ol class="plain">
        @for (row of rows(); track row.id) {
          <li><span class="at muted small"><cnp-ago [at]="row.at" /></span><span><strong>{{ actor(row.actor) }}</strong> {{ what(row) }}</span></li>
        }
      </ol>
    </cnp-shown>
  `,
  host: { class: 'card' },
  styles: `
    :host { display: block; }
    ol { padding: 0 16px 12px; max-height: 340px; overflow: auto; }
    li { display: grid; grid-template-columns: 110px minmax(0, 1fr); gap: 10px; padding: 5px 0; overflow-wrap: anywhere; }
    .at { padding-top: 1px; }
  `,
})
export class LogHistory {
  readonly request = input.required<string>();
  private readonly changed = paced(inject(Live).topic('logs'), EVERY_MS);
  protected readonly lines = read('/v1/log-requests/{request_id}/audit', () => {
    this.changed();
    return { path: { request_id: this.request() }, query: { limit: 100 } };
  });
  private readonly page = lastGood(this.lines, () => this.request());
  protected readonly rows = computed(() => this.page()?.items ?? []);
  protected readonly problem = computed(() => (this.lines.error() ? problemOf(this.lines.error()) : undefined));
  protected readonly state = computed(() => stateOf(this.page()?.items.length, this.problem()));
  protected readonly actor = actorOf;
  protected readonly what = whatOf;
}

interface Detail {
  readonly devices?: number;
  readonly hostname?: string;
  readonly how?: string;
  readonly archives?: number | readonly unknown[];
  readonly device?: string;
}

/** What a line of the audit tells. */
export function whatOf(row: Message<'AuditEntry'>): string {
  const { devices, hostname, how, archives, device } = row.detail as Detail;
  switch (row.action) {
    case 'logs.request':
      return $localize`:@@logs.didRequest:a demandé les journaux de ${count(devices)}:n: poste(s)`;
    case 'logs.open':
      return how === 'zip'
        ? $localize`:@@logs.didOpenAll:a téléchargé toutes les archives (${count(Array.isArray(archives) ? archives.length : 0)}:n:)`
        : how === 'download'
          ? $localize`:@@logs.didDownload:a téléchargé l’archive de ${hostname ?? device ?? ''}:name:`
          : $localize`:@@logs.didRead:a ouvert l’archive de ${hostname ?? device ?? ''}:name:`;
    case 'logs.cancel':
      return $localize`:@@logs.didCancel:a annulé la demande : ${count(devices)}:n: poste(s) n’enverront plus rien`;
    case 'logs.forward':
      return $localize`:@@logs.didForward:a envoyé une archive au serveur SFTP`;
    case 'logs.purge':
      return $localize`:@@logs.didPurge:a purgé ${count(typeof archives === 'number' ? archives : 0)}:n: archive(s)`;
    default:
      return row.action;
  }
}

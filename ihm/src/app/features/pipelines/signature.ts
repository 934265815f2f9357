import { Component, computed, input, output } from '@angular/core';
import { PenLine } from 'lucide';
import { Message } from '@core/api/api';
import { bytes } from '@core/format';
import { Ago } from '@ui/ago';
import { Copy } from '@ui/copy';
import { Icon } from '@ui/icon';

/** A version that awaits its signature: who asked, the exact bytes, their hash, and what to type where the keys are. */
@Component({
  selector: 'cnp-signature',
  imports: [Ago, Copy, Icon],
  template: `
    <div class="card-head"><h2><cnp-icon [icon]="PenLine" [size]="17" /> <ng-container i18n="@@pipelines.signature.title">La version {{ version().version }} attend sa signature</ng-container></h2></div>
    <div class="card-body">
      <p><ng-container i18n="@@pipelines.signature.asked">Demandée par {{ version().author }}</ng-container>{{ ' ' }}<cnp-ago [at]="version().asked_at" />.{{ ' ' }}
        @if (serving(); as serving) { <ng-container i18n="@@pipelines.signature.meanwhile">La version {{ serving }} reste en service jusque-là.</ng-container> } @else { <ng-container i18n="@@pipelines.signature.none">Rien ne s’exécute jusque-là.</ng-container> }</p>
      <p class="label" i18n="@@pipelines.signature.command">À taper là où sont les clés, hors de ce serveur</p>
      <cnp-copy [text]="text().command" i18n-label="@@pipelines.signature.commandLabel" label="Commande de signature" />
      <p class="label" i18n="@@pipelines.signature.hash">Empreinte SHA-256 des octets à signer ({{ size() }})</p>
      <cnp-copy [text]="text().sha256" i18n-label="@@pipelines.signature.hashLabel" label="Empreinte SHA-256" />
      <details><summary i18n="@@pipelines.signature.bytes">Les octets exacts</summary><pre tabindex="0">{{ text().content }}</pre></details>
      <p class="hint" i18n="@@pipelines.signature.live">Cette page montre la signature dès qu’elle est publiée.</p>
      @if (mayWithdraw()) { <div class="actions"><button type="button" class="button small" (click)="withdrawn.emit()" i18n="@@pipelines.signature.withdraw">Reprendre l’écriture</button></div> }
    </div>
  `,
  host: { class: 'card' },
  styles: `
    :host { display: block; border-color: var(--warn-fill); }
    .card-body { display: grid; gap: 8px; }
    .label { margin-top: 4px; }
    h2 { display: flex; align-items: center; gap: 8px; }
    h2 cnp-icon { color: var(--warn); }
    pre { max-height: 240px; padding: 10px; overflow: auto; border: 1px solid var(--line); border-radius: var(--radius-s); background: var(--surface-2); white-space: pre-wrap; overflow-wrap: anywhere; }
    summary { color: var(--text-2); font-size: 14px; cursor: pointer; }
  `,
})
export class Signature {
  readonly version = input.required<Message<'PipelineVersion'>>();
  readonly text = input.required<Message<'PipelineText'>>();
  readonly serving = input<number | null>(null);
  readonly mayWithdraw = input(false);
  readonly withdrawn = output();
  protected readonly PenLine = PenLine;
  protected readonly size = computed(() => bytes(this.text().length));
}

import { Component, inject } from '@angular/core';
import { RouterLink } from '@angular/router';
import { OctagonX } from 'lucide';
import { clock, day } from '@core/format';
import { Session } from '@core/session';
import { Stopped } from '@core/stopped';
import { Icon } from '@ui/icon';

/** Over every page while everything is stopped: who has stopped it, when and why. */
@Component({
  selector: 'cnp-stop-banner',
  imports: [Icon, RouterLink],
  template: `
    <div role="alert">
      @if (stopped.held(); as held) {
        <div class="stop">
          <cnp-icon [icon]="icon" [size]="20" />
          <p><strong i18n="@@stop.all">Tout est arrêté : aucun poste ne commence quoi que ce soit.</strong> <span i18n="@@stop.by">Depuis le {{ at(held.since) }}, par {{ held.by }}. Motif : {{ held.reason }}</span></p>
          @if (mayResume) { <a class="button small" routerLink="/deploiements" i18n="@@stop.goResume">Reprendre…</a> }
        </div>
      }
    </div>
  `,
  styles: `
    .stop { display: flex; align-items: center; gap: 4px 12px; padding: 8px 20px; border-bottom: 1px solid var(--bad); background: var(--bad-soft); color: var(--bad); font-size: 15px; }
    p { flex: 1; min-width: 0; overflow-wrap: anywhere; }
    a { flex: none; }
    @media (max-width: 600px) {
      .stop { flex-wrap: wrap; align-items: flex-start; padding: 8px 12px; font-size: 14px; }
      p { flex-basis: calc(100% - 40px); }
      a { margin-left: 32px; }
    }
  `,
})
export class StopBanner {
  protected readonly stopped = inject(Stopped);
  protected readonly mayResume = inject(Session).may('administer');
  protected readonly icon = OctagonX;
  protected readonly at = (since: string) => `${day(since)}, ${clock(since)}`;
}

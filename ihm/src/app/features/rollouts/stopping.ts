import { inject, Injectable } from '@angular/core';
import { Api, Message } from '@core/api/api';
import { count, instant } from '@core/format';
import { Sending } from '@core/sending';
import { Stopped } from '@core/stopped';
import { Confirm } from '@ui/confirm';
import { Toast } from '@ui/toast';

const MOST = 200;

/** What a stop of everything touches now. */
export interface Touched {
  readonly status: Message<'Status'>;
  readonly campaigns: number;
  /** Devices that have begun something, or are about to. */
  readonly running: number;
}

/** Stops and resumes the whole fleet, once the consequences were read. */
@Injectable({ providedIn: 'root' })
export class Stopping {
  private readonly api = inject(Api);
  private readonly confirm = inject(Confirm);
  private readonly stopped = inject(Stopped);
  private readonly toast = inject(Toast);
  private readonly sending = new Sending();
  readonly busy = this.sending.busy;

  /** Resolves with what went wrong, as a sentence, or with nothing. */
  async stop(): Promise<string> {
    const reason = await this.confirm.ask({
      title: $localize`:@@rollouts.askStopAll:Arrêter tout le parc ?`,
      consequences: stopSaid(await this.touched()),
      reason: $localize`:@@rollouts.stopAllWhy:Motif (chacun le lira sur sa page, l’audit le garde)`,
      typed: $localize`:@@rollouts.stopWord:ARRÊTER`,
      action: $localize`:@@rollouts.stopAll:Tout arrêter`,
      isDangerous: true,
    });
    return reason === undefined ? '' : this.send(() => this.api.post('/v1/stop-everything', { reason }), $localize`:@@rollouts.doneStopAll:Tout est arrêté`);
  }

  async resume(): Promise<string> {
    const held = this.stopped.held();
    const agreed = await this.confirm.ask({
      title: $localize`:@@rollouts.askResumeAll:Reprendre tout le parc ?`,
      consequences: [
        ...(held ? [$localize`:@@rollouts.resumeAllSince:Arrêté depuis le ${instant(held.since)}:since: par ${held.by}:by: : ${held.reason}:why:`] : []),
        ...resumeSaid(await this.touched()),
      ],
      action: $localize`:@@rollouts.resumeAll:Tout reprendre`,
    });
    return agreed === undefined ? '' : this.send(() => this.api.post('/v1/resume-everything', undefined), $localize`:@@rollouts.doneResumeAll:Le parc a repris`);
  }

  /** In an emergency nobody waits for figures: without them the question is asked all the same. */
  private async touched(): Promise<Touched | undefined> {
    try {
      const [status, page] = await Promise.all([this.api.get('/v1/status'), this.api.get('/v1/campaigns', { query: { state: 'running', limit: MOST } })]);
      return { status, campaigns: page.items.length, running: page.items.reduce((sum, one) => sum + (one.states['delivered'] ?? 0), 0) };
    } catch {
      return undefined;
    }
  }

  private async send(call: () => Promise<unknown>, done: string): Promise<string> {
    const wrong = await this.sending.run(call);
    this.stopped.reload();
    if (!wrong) this.toast.say(done);
    return wrong;
  }
}

const UNKNOWN = $localize`:@@rollouts.stopUnknown:Le nombre de postes et de déploiements touchés n’est pas connu pour l’instant.`;

/** What a stop does, with exact numbers. */
export function stopSaid(found: Touched | undefined): string[] {
  const numbers = found
    ? [
        $localize`:@@rollouts.stopAllDevices:${count(found.status.devices)}:n: poste(s), dont ${count(found.status.devices_online)}:online: en ligne, ne commenceront plus rien ; chacun l’apprend à son prochain contact, en quelques minutes au plus.`,
        $localize`:@@rollouts.stopAllCampaigns:${count(found.campaigns)}:n: déploiement(s) en cours n’avancent plus, et ${count(found.status.orders_pending)}:orders: ordre(s) pas encore exécutés attendent la reprise.`,
        $localize`:@@rollouts.stopAllRuns:${count(found.running)}:n: poste(s) ont déjà reçu un ordre : ce qui y a commencé va au bout, un installeur coupé en route ferait plus de mal.`,
      ]
    : [UNKNOWN, $localize`:@@rollouts.stopAllEnds:Ce qui a commencé sur un poste va au bout.`];
  return numbers;
}

/** What the end of a stop does. */
export function resumeSaid(found: Touched | undefined): string[] {
  const expired = $localize`:@@rollouts.resumeExpired:Les ordres dont la fin est passée entre-temps sont expirés ; rien n’est perdu en silence.`;
  return found
    ? [$localize`:@@rollouts.resumeAllGo:${count(found.campaigns)}:n: déploiement(s) repartent, et ${count(found.status.orders_pending)}:orders: ordre(s) en attente sont donnés au prochain contact des postes.`, expired]
    : [UNKNOWN, expired];
}

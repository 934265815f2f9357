import { inject, Injectable } from '@angular/core';
import { Router } from '@angular/router';
import { Api } from '@core/api/api';
import { bytes, count } from '@core/format';
import { Sending } from '@core/sending';
import { Confirm, Question } from '@ui/confirm';
import { Toast } from '@ui/toast';
import { LogDevice, LogRequest, OPEN, sum } from './words';

/** What people do to a log request: each says its consequences, with exact numbers, before it is done. */
@Injectable({ providedIn: 'root' })
export class Acting {
  private readonly api = inject(Api);
  private readonly confirm = inject(Confirm);
  private readonly router = inject(Router);
  private readonly toast = inject(Toast);
  private readonly sending = new Sending();
  readonly busy = this.sending.busy;

  /** Await nothing more; what came stays. */
  async cancel(request: LogRequest): Promise<string> {
    return this.do(cancelSaid(request), async () => {
      await this.api.post('/v1/log-requests/{request_id}/cancel', undefined, { path: { request_id: request.id } });
      this.toast.say($localize`:@@logs.doneCancel:Demande annulée`);
    });
  }

  /** Erase everything; resolves with what went wrong, as a sentence, or with nothing. */
  async purge(request: LogRequest): Promise<string> {
    return this.do(purgeSaid(request), async () => {
      await this.api.post('/v1/log-requests/{request_id}/purge', undefined, { path: { request_id: request.id } });
      this.toast.say($localize`:@@logs.donePurge:Archives purgées`);
    });
  }

  /** Erase what one PC sent. */
  async purgeDevice(request: LogRequest, device: LogDevice): Promise<string> {
    return this.do(purgeDeviceSaid(device), async () => {
      await this.api.post('/v1/log-requests/{request_id}/purge', undefined, { path: { request_id: request.id }, query: { device: device.id } });
      this.toast.say($localize`:@@logs.donePurgeOne:Archive purgée : ${device.hostname}:name:`);
    });
  }

  /** Ask the same again, of all or of those that have sent nothing, as a new request. */
  async again(request: LogRequest, isMissingOnly: boolean): Promise<string> {
    return this.do(againSaid(request, isMissingOnly), async () => {
      const made = await this.api.post('/v1/log-requests/{request_id}/again', undefined, { path: { request_id: request.id }, query: { missing: isMissingOnly } });
      await this.router.navigate(['/journaux', made.id]);
    });
  }

  private async do(question: Question, call: () => Promise<void>): Promise<string> {
    return (await this.confirm.ask(question)) === undefined ? '' : this.sending.run(call);
  }
}

const RECEIPT = $localize`:@@logs.purgeReceipt:Un reçu de chaque archive reste : nom, taille, SHA-256, qui l’a purgée et quand. L’audit garde qui l’a ouverte.`;
const COPIES = $localize`:@@logs.purgeCopies:Ce qui a déjà été téléchargé, ou envoyé au serveur SFTP, n’est pas effacé.`;

/** PCs that have sent nothing. */
export const missing = (request: LogRequest) => request.total - sum(request.states, ['ready', 'purged']);

export function cancelSaid(request: LogRequest): Question {
  const [ready, open, waiting] = [sum(request.states, ['ready']), sum(request.states, OPEN), sum(request.states, ['waiting'])];
  return {
    title: $localize`:@@logs.askCancel:Annuler la demande ${request.ticket}:ticket: ?`,
    consequences: [
      $localize`:@@logs.cancelOpen:Postes encore attendus, qui n’enverront plus rien : ${count(open)}:n:, dont ${count(waiting)}:waiting: pas encore joints. Un envoi en cours s’arrête, et ce qui en est arrivé est effacé.`,
      $localize`:@@logs.cancelKeeps:Archives déjà reçues, qui restent lisibles jusqu’à leur purge : ${count(ready)}:n:.`,
      $localize`:@@logs.cancelFinal:Une demande annulée ne reprend pas : « Redemander aux manquants » en fait une nouvelle.`,
    ],
    action: $localize`:@@logs.cancel:Annuler la demande`,
    isDangerous: true,
  };
}

export function purgeSaid(request: LogRequest): Question {
  const [ready, open] = [sum(request.states, ['ready']), sum(request.states, OPEN)];
  return {
    title: $localize`:@@logs.askPurge:Purger la demande ${request.ticket}:ticket: ?`,
    consequences: [
      $localize`:@@logs.purgeGone:Archives effacées pour de bon, ici et sur les postes : ${count(ready)}:n:, ${bytes(request.received_bytes)}:bytes:.`,
      ...(open ? [$localize`:@@logs.purgeOpen:Postes encore attendus, qui n’enverront plus rien : ${count(open)}:n:.`] : []),
      COPIES,
      RECEIPT,
    ],
    action: $localize`:@@logs.purge:Purger`,
    isDangerous: true,
  };
}

export function purgeDeviceSaid(device: LogDevice): Question {
  const isWhole = device.state === 'ready';
  return {
    title: $localize`:@@logs.askPurgeOne:Purger les journaux de ${device.hostname}:name: ?`,
    consequences: [
      isWhole
        ? $localize`:@@logs.purgeOneGone:${bytes(device.received_bytes)}:bytes: effacés pour de bon, ici et sur le poste.`
        : $localize`:@@logs.purgeOneOpen:Ce poste n’enverra plus rien ; ce qui était déjà arrivé (${bytes(device.received_bytes)}:bytes:) est effacé.`,
      COPIES,
      RECEIPT,
    ],
    action: $localize`:@@logs.purge:Purger`,
    isDangerous: true,
  };
}

export function againSaid(request: LogRequest, isMissingOnly: boolean): Question {
  const n = isMissingOnly ? missing(request) : request.total;
  return {
    title: isMissingOnly ? $localize`:@@logs.askMissing:Redemander aux postes qui n’ont rien envoyé ?` : $localize`:@@logs.askAgain:Redemander à tous les postes ?`,
    consequences: [
      $localize`:@@logs.againWho:Une nouvelle demande part vers ${count(n)}:n: poste(s), avec le même motif, le même ticket et les mêmes budgets ; les postes révoqués entre-temps en sont exclus.`,
      $localize`:@@logs.againKeeps:Celle-ci et ses archives restent comme elles sont. Là où un accord est exigé, il est demandé de nouveau.`,
    ],
    action: $localize`:@@logs.again:Redemander`,
  };
}

import { inject, Injectable } from '@angular/core';
import { Router } from '@angular/router';
import { Api } from '@core/api/api';
import { count } from '@core/format';
import { Sending } from '@core/sending';
import { Confirm, Question } from '@ui/confirm';
import { Toast } from '@ui/toast';
import { bad, Campaign, moment, total } from './words';

export type Act = 'pause' | 'resume' | 'promote' | 'stop' | 'retry' | 'rollback';

/** What people do to a campaign: each says its consequences, with exact numbers, before it is done. */
@Injectable({ providedIn: 'root' })
export class Acting {
  private readonly api = inject(Api);
  private readonly confirm = inject(Confirm);
  private readonly router = inject(Router);
  private readonly toast = inject(Toast);
  private readonly sending = new Sending();
  readonly busy = this.sending.busy;

  /** Do it once somebody has agreed; resolves with what went wrong, as a sentence, or with nothing. */
  async act(act: Act, campaign: Campaign): Promise<string> {
    const question = QUESTIONS[act](campaign);
    return (await this.confirm.ask(question)) === undefined ? '' : this.sending.run(() => this.send(act, campaign));
  }

  private async send(act: Act, campaign: Campaign): Promise<void> {
    const path = { campaign_id: campaign.id };
    if (act === 'retry' || act === 'rollback') {
      const proposed = act === 'retry'
        ? await this.api.post('/v1/campaigns/{campaign_id}/retry', undefined, { path })
        : await this.api.post('/v1/campaigns/{campaign_id}/rollback', { condition: null }, { path });
      const to = proposed.draft ? ['/deploiements', 'documents', proposed.draft.id] : ['/deploiements', proposed.campaign?.id ?? ''];
      await this.router.navigate(to);
      return;
    }
    await this.api.post(PATHS[act], undefined, { path });
    this.toast.say(DONE[act]);
  }
}

const PATHS = {
  pause: '/v1/campaigns/{campaign_id}/pause',
  resume: '/v1/campaigns/{campaign_id}/resume',
  promote: '/v1/campaigns/{campaign_id}/promote',
  stop: '/v1/campaigns/{campaign_id}/stop',
} as const;

const DONE = {
  pause: $localize`:@@rollouts.donePause:Déploiement mis en pause`,
  resume: $localize`:@@rollouts.doneResume:Déploiement repris`,
  promote: $localize`:@@rollouts.donePromote:Palier ouvert`,
  stop: $localize`:@@rollouts.doneStop:Déploiement arrêté`,
};

const of = (campaign: Campaign, ...names: string[]) => names.reduce((sum, name) => sum + (campaign.states[name] ?? 0), 0);
const devices = (n: number) => $localize`:@@rollouts.nDevices:${count(n)}:n: poste(s)`;

const QUESTIONS: Record<Act, (campaign: Campaign) => Question> = {
  pause: (campaign) => ({
    title: $localize`:@@rollouts.askPause:Mettre « ${campaign.name}:name: » en pause ?`,
    consequences: [
      $localize`:@@rollouts.pauseWait:${devices(of(campaign, 'waiting', 'pending'))}:n: n’ayant pas encore reçu l’ordre attendront la reprise.`,
      $localize`:@@rollouts.pauseRun:${devices(of(campaign, 'delivered'))}:n: l’ayant déjà reçu iront au bout.`,
    ],
    action: $localize`:@@rollouts.pause:Mettre en pause`,
  }),
  resume: (campaign) => ({
    title: $localize`:@@rollouts.askResume:Reprendre « ${campaign.name}:name: » ?`,
    consequences: [
      $localize`:@@rollouts.resumeOrders:Les ordres reprennent : ${devices(of(campaign, 'waiting', 'pending'))}:n: attendent encore le leur.`,
      ...(campaign.state === 'halted'
        ? [$localize`:@@rollouts.resumeForgiven:${devices(bad(campaign.states))}:n: en échec ne compteront plus dans les seuils ; un nouvel excès interrompra de nouveau le déploiement.`]
        : []),
    ],
    action: $localize`:@@rollouts.resume:Reprendre`,
  }),
  promote: (campaign) => {
    const place = campaign.rings.findIndex((ring) => !ring.is_open);
    return {
      title: $localize`:@@rollouts.askPromote:Ouvrir le palier ${place + 1}:n: maintenant ?`,
      consequences: [
        $localize`:@@rollouts.promoteNow:${devices(total(campaign.rings[place]?.states ?? {}))}:n: recevront l’ordre à leur prochain contact, sans attendre les seuils du palier précédent.`,
        $localize`:@@rollouts.promoteKeeps:Les seuils d’échec continuent d’interrompre le déploiement.`,
      ],
      action: $localize`:@@rollouts.promote:Promouvoir`,
    };
  },
  stop: (campaign) => ({
    title: $localize`:@@rollouts.askStop:Arrêter « ${campaign.name}:name: » pour de bon ?`,
    consequences: [
      $localize`:@@rollouts.stopDone:${devices(of(campaign, 'done', 'skipped'))}:n: déjà passés restent en ${campaign.pipeline}:pipeline:.`,
      $localize`:@@rollouts.stopRun:${devices(of(campaign, 'delivered'))}:n: ont l’ordre et l’exécuteront : rien ne peut le leur reprendre.`,
      $localize`:@@rollouts.stopNever:${devices(of(campaign, 'waiting', 'pending'))}:n: ne le recevront pas. Un arrêt ne se reprend pas.`,
    ],
    action: $localize`:@@rollouts.stop:Arrêter`,
    isDangerous: true,
  }),
  retry: (campaign) => ({
    title: $localize`:@@rollouts.askRetry:Relancer les échecs ?`,
    consequences: [
      $localize`:@@rollouts.retryWho:${devices(bad(campaign.states))}:n: en échec recevront ${campaign.pipeline}:pipeline: une nouvelle fois, si la condition y tient encore.`,
      campaign.is_signed
        ? $localize`:@@rollouts.retryDraft:Un nouveau document est préparé : rien ne part avant qu’il soit signé.`
        : $localize`:@@rollouts.retryNow:Ce pipeline ne demande pas d’approbation : la relance part aussitôt.`,
    ],
    action: $localize`:@@rollouts.retry:Relancer les échecs`,
  }),
  rollback: (campaign) => ({
    title: $localize`:@@rollouts.askRollback:Revenir à la version précédente ?`,
    consequences: [
      $localize`:@@rollouts.rollbackWho:Un document est préparé pour ${devices(of(campaign, 'done', 'failed', 'timed_out', 'unknown', 'delivered'))}:n: ayant reçu ${campaign.pipeline}:pipeline:.`,
      $localize`:@@rollouts.rollbackDraft:Rien ne part avant qu’il soit signé. Jusqu’au ${moment(campaign.not_after)}:at:, les postes éteints rejoignent ce déploiement s’il n’est pas arrêté.`,
    ],
    action: $localize`:@@rollouts.rollback:Revenir à la version précédente`,
  }),
};

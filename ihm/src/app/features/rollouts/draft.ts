import { Component, computed, inject, input, signal } from '@angular/core';
import { Router, RouterLink } from '@angular/router';
import { Check, CircleDashed, Download, Rocket, Trash2, Upload } from 'lucide';
import { Api, read } from '@core/api/api';
import { count } from '@core/format';
import { lastGood } from '@core/last-good';
import { Live } from '@core/live';
import { problemOf } from '@core/problem';
import { Session } from '@core/session';
import { Ago } from '@ui/ago';
import { Confirm } from '@ui/confirm';
import { Copy } from '@ui/copy';
import { Icon } from '@ui/icon';
import { PageHeader } from '@ui/page-header';
import { Shown, stateOf } from '@ui/shown';
import { Status } from '@ui/status';
import { Toast } from '@ui/toast';
import { RolloutHistory } from './history';
import { Answered, RolloutPreview } from './preview';
import { Asked, askedOf } from './request';
import { Review } from './review';
import { Trial } from './trial';
import { draftState, moment } from './words';

/** A document on its way to its start: its exact bytes, who has signed them, and the commands that sign. */
@Component({
  selector: 'cnp-rollout-draft',
  imports: [Ago, Copy, Icon, PageHeader, Review, RolloutHistory, RolloutPreview, RouterLink, Shown, Status, Trial],
  templateUrl: './draft.html',
  styleUrl: './draft.scss',
})
export class RolloutDraft {
  readonly id = input.required<string>();
  /** The trial on some devices that is shown. */
  readonly essai = input<string>();
  private readonly api = inject(Api);
  private readonly router = inject(Router);
  private readonly confirm = inject(Confirm);
  private readonly toast = inject(Toast);
  private readonly session = inject(Session);
  private readonly changed = inject(Live).topic('campaigns');
  private readonly asked = read('/v1/campaign-drafts/{draft_id}', () => {
    this.changed();
    return { path: { draft_id: this.id() } };
  });
  protected readonly draft = lastGood(this.asked, () => this.id());
  protected readonly problem = computed(() => (this.asked.error() ? problemOf(this.asked.error()) : undefined));
  protected readonly state = computed(() => stateOf(this.draft() && 1, this.problem()));
  protected readonly refused = signal('');
  protected readonly answer = signal<Answered>({});
  protected readonly icons = { Check, CircleDashed, Download, Rocket, Trash2, Upload };
  protected readonly stateOf = draftState;
  protected readonly moment = moment;
  protected readonly isOpen = computed(() => ['awaiting', 'ready'].includes(this.draft()?.state ?? ''));
  protected readonly mayStart = computed(() => this.draft()?.state === 'ready' && this.session.may('run_action'));
  protected readonly maySign = computed(() => this.isOpen() && this.session.may('run_collect'));
  protected readonly pretty = computed(() => {
    const text = this.draft()?.document ?? '';
    return text ? JSON.stringify(JSON.parse(text), null, 2) : '';
  });
  protected readonly request = computed<Asked | undefined>(() => {
    const text = this.draft()?.document;
    return text ? askedOf(text) : undefined;
  });
  /** Signatures that are still to come. */
  protected readonly missing = computed(() => {
    const draft = this.draft();
    return Array.from({ length: Math.max(0, (draft?.needed ?? 0) - (draft?.signatures.length ?? 0)) }, (_, place) => place);
  });
  protected readonly commands = computed(() => ({
    approve: `canopee campaign approve ${this.id()} --approver approver-1`,
    fetch: `canopee campaign document ${this.id()} --out document.json`,
    sign: 'canopee campaign approve document.json --approver approver-1',
    start: `canopee campaign start ${this.id()}`,
  }));

  protected async showTrial(id: string): Promise<void> {
    await this.router.navigate([], { queryParams: { essai: id || undefined }, queryParamsHandling: 'merge', replaceUrl: true });
  }

  protected retry(): void {
    this.asked.reload();
  }

  protected download(): void {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([JSON.stringify(this.draft()?.envelope)], { type: 'application/json' }));
    link.download = `${this.id()}.json`;
    link.click();
    URL.revokeObjectURL(link.href);
  }

  protected async bring(file: File | undefined): Promise<void> {
    if (file) {
      await this.send(async () => {
        const envelope = JSON.parse(await file.text()) as unknown;
        await this.api.post('/v1/campaign-drafts/{draft_id}/signatures', { envelope }, { path: { draft_id: this.id() } });
        this.toast.say($localize`:@@rollouts.signatureTaken:Signature ajoutée`);
      });
    }
  }

  protected async start(): Promise<void> {
    const [draft, reached] = [this.draft(), this.answer().found?.total];
    const who = reached === undefined
      ? $localize`:@@rollouts.startUnknown:Le nombre de postes visés n’est pas connu pour l’instant.`
      : $localize`:@@rollouts.startReaches:${count(reached)}:n: poste(s) y correspondent maintenant ; ceux qui viendront à correspondre les rejoindront.`;
    const agreed = await this.confirm.ask({
      title: $localize`:@@rollouts.askStart:Démarrer « ${draft?.name ?? ''}:name: » ?`,
      consequences: [who, this.request()?.recurrence
        ? $localize`:@@rollouts.startRingEvery:Le premier palier reçoit l’ordre à la prochaine occurrence, ou aussitôt si une est venue depuis que le document est écrit.`
        : $localize`:@@rollouts.startRing:Le premier palier reçoit l’ordre dès le prochain contact de ses postes.`],
      action: $localize`:@@rollouts.start:Démarrer`,
    });
    if (agreed !== undefined) {
      await this.send(async () => {
        await this.api.post('/v1/campaign-drafts/{draft_id}/start', undefined, { path: { draft_id: this.id() } });
        await this.router.navigate(['/deploiements', this.id()]);
      });
    }
  }

  protected async withdraw(): Promise<void> {
    const agreed = await this.confirm.ask({
      title: $localize`:@@rollouts.askWithdraw:Retirer ce document ?`,
      consequences: [$localize`:@@rollouts.withdrawFor:Il ne pourra plus être ni signé ni démarré. Les signatures déjà apportées sont perdues.`],
      action: $localize`:@@rollouts.withdraw:Retirer`,
      isDangerous: true,
    });
    if (agreed !== undefined) {
      await this.send(() => this.api.post('/v1/campaign-drafts/{draft_id}/withdraw', undefined, { path: { draft_id: this.id() } }));
    }
  }

  private async send(call: () => Promise<unknown>): Promise<void> {
    this.refused.set('');
    try {
      await call();
      this.asked.reload();
    } catch (error) {
      this.refused.set(error instanceof SyntaxError ? $localize`:@@rollouts.notJson:Ce fichier n’est pas une enveloppe : choisissez celui que « canopee campaign approve » a écrit.` : problemOf(error).detail);
    }
  }
}

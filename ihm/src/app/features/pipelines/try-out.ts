import { DIALOG_DATA, DialogRef } from '@angular/cdk/dialog';
import { Component, computed, inject, signal } from '@angular/core';
import { Eye, FlaskConical } from 'lucide';
import { Api, Message, read } from '@core/api/api';
import { lastGood } from '@core/last-good';
import { Live } from '@core/live';
import { Problem, problemOf } from '@core/problem';
import { Session } from '@core/session';
import { Copy } from '@ui/copy';
import { Foreseen } from '@ui/foreseen';
import { Icon } from '@ui/icon';
import { Parameters, Schema, Value } from '@ui/parameters';
import { Status } from '@ui/status';
import { Tone } from '@ui/tone';
import { DevicePicker, Picked } from './device-picker';

type Version = Message<'PipelineVersion'>;

/** What an approver types; values that a shell would read otherwise are quoted. */
export function commandOf(pipeline: string, device: string, parameters: Readonly<Record<string, Value>>): string {
  const given = Object.entries(parameters).map(([name, value]) => {
    const pair = `${name}=${value}`;
    return ` --param ${/^[\w=.:/@-]+$/.test(pair) ? pair : `'${pair.replaceAll("'", "'\\''")}'`}`;
  });
  return `canopee run ${pipeline} --to ${device}${given.join('')} --wait 60`;
}

/** Gives the version in service to one device: at once when it needs no approval, else says what approvers type. */
@Component({
  selector: 'cnp-try-out',
  imports: [Copy, DevicePicker, Foreseen, Icon, Parameters, Status],
  template: `
    <div class="dialog">
      <h2 id="try-title" i18n="@@pipelines.try.title">Essayer la version {{ version.version }} sur un poste</h2>
      @if (!campaign()) {
        <cnp-device-picker i18n-label="@@pipelines.try.device" label="Nom du poste" (picked)="device.set($event)" />
        <cnp-parameters [schema]="schema()" [values]="parameters()" (valuesChange)="parameters.set($event)" />
        @if (mayLook) { <p class="muted small" i18n="@@pipelines.try.dryAbout">À blanc, le poste dit ce que chaque étape y ferait, et rien n’est fait : aucune approbation n’est nécessaire.</p> }
        @if (device(); as device) {
          @if (starts) {
            <p i18n="@@pipelines.try.consequence">{{ device.hostname }} l’exécutera à son prochain contact, dans l’heure ; aucun autre poste ne le recevra.</p>
          } @else {
            <p i18n="@@pipelines.try.approval">Ce pipeline demande une approbation : qui tient une clé d’approbateur tape ceci. Aucun autre poste ne le recevra.</p>
            <cnp-copy [text]="command(device.id)" i18n-label="@@pipelines.try.command" label="Commande d’essai" />
          }
        }
      } @else {
        <div role="status">
          @if (run(); as run) {
            <p><cnp-status [tone]="toneOf(run.state)" [strong]="true">{{ wordOf(run.state) }}</cnp-status>{{ ' ' }}<span class="muted">{{ device()?.hostname }}</span></p>
            @if (run.code || run.detail) { <p class="small muted">{{ run.code }} {{ run.detail }}</p> }
            @if (run.is_dry && run.steps.length) { <cnp-foreseen [steps]="run.steps" /> }
          } @else if (nobody()) {
            <p class="banner warn" i18n="@@pipelines.try.nobody">La condition du pipeline ne vise pas ce poste : rien ne lui a été donné.</p>
          } @else { <p><cnp-status tone="info" i18n="@@pipelines.try.waiting">Donné : en attente du poste…</cnp-status></p> }
        </div>
      }
      @if (problem(); as problem) { <p class="banner bad" role="alert">{{ problem.detail }}</p> }
      <div class="actions">
        <button type="button" class="button" (click)="ref.close()" i18n="@@pipelines.try.close">Fermer</button>
        @if (mayLook && !campaign()) {
          <button type="button" class="button" [disabled]="!device() || isBusy()" (click)="look()"><cnp-icon [icon]="eye" [size]="16" /><ng-container i18n="@@pipelines.try.dry">Essayer à blanc</ng-container></button>
        }
        @if (starts && !campaign()) {
          <button type="button" class="button primary" [disabled]="!device() || isBusy()" (click)="start()"><cnp-icon [icon]="icon" [size]="16" /><ng-container i18n="@@pipelines.try.start">Essayer</ng-container></button>
        }
      </div>
    </div>
  `,
  styles: '.dialog { overflow: visible; }',
})
export class TryOut {
  protected readonly version = inject<Version>(DIALOG_DATA);
  protected readonly ref = inject<DialogRef<void>>(DialogRef);
  protected readonly icon = FlaskConical;
  protected readonly eye = Eye;
  protected readonly device = signal<Picked | undefined>(undefined);
  protected readonly campaign = signal<Message<'CampaignView'> | undefined>(undefined);
  protected readonly problem = signal<Problem | undefined>(undefined);
  protected readonly isBusy = signal(false);
  protected readonly mayLook = inject(Session).may('run_collect');
  protected readonly starts = this.version.approval === 'none' && this.mayLook;
  protected readonly parameters = signal<Readonly<Record<string, Value>>>({});
  private readonly text = read('/v1/pipelines/{name}/{version}', () => ({ path: { name: this.version.id.split('@')[0] ?? '', version: this.version.version } }));
  protected readonly schema = computed(() => ((this.text.hasValue() ? this.text.value()?.['parameters'] : undefined) ?? {}) as Schema);
  private readonly api = inject(Api);
  private readonly changes = inject(Live).topic('runs');
  private readonly runs = read('/v1/runs', () => {
    const held = this.campaign();
    this.changes();
    return held && { query: { campaign: held.id, limit: 1 } };
  });
  private readonly found = lastGood(this.runs);
  protected readonly run = computed(() => this.found()?.items[0]);
  protected readonly nobody = computed(() => this.campaign()?.total === 0);

  protected start(): Promise<void> {
    return this.give((device) => this.api.post('/v1/campaigns', {
      collect: {
        pipeline: this.version.id, condition: { fact: 'device.id', op: 'eq', value: device.id }, parameters: this.parameters(), expires_in_s: 3_600, living: false, recurrence: null,
        name: $localize`:@@pipelines.try.name:Essai de ${this.version.id}:pipeline: sur ${device.hostname}:device:`,
      },
    }));
  }

  protected look(): Promise<void> {
    return this.give((device) => this.api.post('/v1/dry-runs', { pipeline: this.version.id, devices: [device.id], parameters: this.parameters(), expires_in_s: 3_600 }));
  }

  private async give(ask: (device: Picked) => Promise<Message<'CampaignView'>>): Promise<void> {
    const device = this.device();
    if (!device) return;
    this.isBusy.set(true);
    try {
      this.campaign.set(await ask(device));
      this.problem.set(undefined);
    } catch (error) {
      this.problem.set(problemOf(error));
    } finally {
      this.isBusy.set(false);
    }
  }

  protected command(device: string): string {
    return commandOf(this.version.id, device, this.parameters());
  }

  protected toneOf(state: string): Tone {
    return state === 'done' ? 'ok' : state === 'skipped' || state === 'cancelled' || state === 'expired' ? 'idle' : 'bad';
  }

  protected wordOf(state: string): string {
    if (this.campaign()?.is_dry && state === 'done') return $localize`:@@pipelines.try.dryDone:Voici ce qui serait fait`;
    if (this.campaign()?.is_dry && state === 'failed') return $localize`:@@pipelines.try.dryFailed:L’exécution échouerait`;
    const words: Record<string, string> = {
      done: $localize`:@@pipelines.try.done:Réussi`, skipped: $localize`:@@pipelines.try.skipped:Rien à faire`, failed: $localize`:@@pipelines.try.failed:Échec`,
      timed_out: $localize`:@@pipelines.try.timedOut:Délai dépassé`, expired: $localize`:@@pipelines.try.expired:Expiré`, cancelled: $localize`:@@pipelines.try.cancelled:Annulé`, unknown: $localize`:@@pipelines.try.unknown:Fin inconnue`,
    };
    return words[state] ?? state;
  }
}

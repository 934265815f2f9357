import { Component, computed, inject, input, signal } from '@angular/core';
import { Router, RouterLink } from '@angular/router';
import { Plus, Trash2 } from 'lucide';
import { Api, read } from '@core/api/api';
import { count } from '@core/format';
import { lastGood } from '@core/last-good';
import { Live } from '@core/live';
import { problemOf } from '@core/problem';
import { Sending } from '@core/sending';
import { Session } from '@core/session';
import { Ago } from '@ui/ago';
import { Confirm } from '@ui/confirm';
import { Icon } from '@ui/icon';
import { PageHeader } from '@ui/page-header';
import { Shown, State } from '@ui/shown';
import { Status } from '@ui/status';
import { Toast } from '@ui/toast';
import { BLANK, Field, FreezeForm, judged } from './freeze-form';
import { Freeze, freezeSaid } from './freeze-said';
import { freezeState } from './words';
import { timeOf } from './weekly';

const MOST = 500;

/** The freeze calendar: the days on which nobody touches the PCs, entered before they come. */
@Component({
  selector: 'cnp-freezes',
  imports: [Ago, Icon, PageHeader, RouterLink, Shown, Status],
  templateUrl: './freezes.html',
  styleUrl: './freezes.scss',
})
export class Freezes {
  /** `1`: also those that are over. */
  readonly tous = input<string>();
  private readonly api = inject(Api);
  private readonly confirm = inject(Confirm);
  private readonly router = inject(Router);
  private readonly toast = inject(Toast);
  private readonly changed = inject(Live).topic('campaigns');
  protected readonly may = inject(Session).may('run_action');
  private readonly asked = read('/v1/freezes', () => {
    this.changed();
    return { query: { state: this.tous() ? ('all' as const) : ('open' as const), limit: MOST } };
  });
  private readonly page = lastGood(this.asked);
  protected readonly rows = computed(() => [...(this.page()?.items ?? [])].sort((one, other) => Date.parse(one.begins) - Date.parse(other.begins)));
  protected readonly problem = computed(() => (this.asked.error() ? problemOf(this.asked.error()) : undefined));
  protected readonly isStale = computed(() => !!this.problem() && !!this.page());
  protected readonly state = computed<State>(() => (this.page() ? (this.rows().length ? 'ready' : 'empty') : this.problem() ? (this.problem()?.status === 403 ? 'no-right' : 'error') : 'loading'));
  protected readonly form = signal<FreezeForm | undefined>(undefined);
  protected readonly fault = signal<{ readonly field: Field; readonly fault: string } | undefined>(undefined);
  protected readonly refused = signal('');
  private readonly sending = new Sending();
  protected readonly busy = this.sending.busy;
  protected readonly icons = { Plus, Trash2 };
  protected readonly said = freezeSaid;
  protected readonly stateOf = freezeState;
  protected readonly timeOf = timeOf;

  protected open(): void {
    this.form.set(BLANK);
    this.fault.set(undefined);
    setTimeout(() => document.getElementById('freeze-fromDay')?.focus());
  }

  protected set(change: Partial<FreezeForm>): void {
    const form = { ...(this.form() ?? BLANK), ...change };
    this.form.set(form);
    if (this.fault()) {
      const found = judged(form);
      this.fault.set('fault' in found ? found : undefined);
    }
  }

  protected faultOf(field: Field): string {
    const held = this.fault();
    return held?.field === field ? held.fault : '';
  }

  protected async add(): Promise<void> {
    const found = judged(this.form() ?? BLANK);
    if ('fault' in found) {
      this.fault.set(found);
      setTimeout(() => document.getElementById(`freeze-${found.field}`)?.focus());
      return;
    }
    await this.send(async () => {
      await this.api.post('/v1/freezes', found.asked);
      this.form.set(undefined);
      this.toast.say($localize`:@@rollouts.freezeAdded:Gel ajouté au calendrier`);
    });
  }

  protected async remove(freeze: Freeze): Promise<void> {
    const agreed = await this.confirm.ask({
      title: $localize`:@@rollouts.askUnfreeze:Retirer le gel ${freezeSaid(freeze)}:when: ?`,
      consequences: [freeze.state === 'now' ? await this.held() : $localize`:@@rollouts.unfreezeAhead:Les ordres seront donnés ces jours-là comme les autres.`],
      action: $localize`:@@rollouts.unfreeze:Retirer le gel`,
      isDangerous: freeze.state === 'now',
    });
    if (agreed !== undefined) {
      await this.send(async () => {
        await this.api.delete('/v1/freezes/{freeze_id}', { path: { freeze_id: freeze.id } });
        this.toast.say($localize`:@@rollouts.freezeRemoved:Gel retiré du calendrier`);
      });
    }
  }

  /** What goes on when a freeze in force ends. */
  private async held(): Promise<string> {
    try {
      const page = await this.api.get('/v1/campaigns', { query: { state: 'running', limit: 200 } });
      const waiting = page.items.filter((one) => one.reason_code === 'frozen');
      const devices = waiting.reduce((sum, one) => sum + (one.states['waiting'] ?? 0) + (one.states['pending'] ?? 0), 0);
      return $localize`:@@rollouts.unfreezeNow:Il est en vigueur : ${count(waiting.length)}:n: déploiement(s) qui l’attendent repartent aussitôt, vers ${count(devices)}:devices: poste(s).`;
    } catch {
      return $localize`:@@rollouts.unfreezeUnknown:Il est en vigueur : ce qui l’attend repart aussitôt.`;
    }
  }

  protected removeLabel(freeze: Freeze): string {
    return $localize`:@@rollouts.removeFreeze:Retirer le gel ${freezeSaid(freeze)}:when:`;
  }

  protected showAll(all: boolean): void {
    void this.router.navigate([], { queryParams: { tous: all ? '1' : null }, queryParamsHandling: 'merge' });
  }

  protected retry(): void {
    this.asked.reload();
  }

  private async send(call: () => Promise<void>): Promise<void> {
    this.refused.set('');
    this.refused.set(await this.sending.run(call));
    this.asked.reload();
  }
}

import { Dialog, DIALOG_DATA, DialogRef } from '@angular/cdk/dialog';
import { Component, computed, inject, Injectable, signal } from '@angular/core';
import { firstValueFrom } from 'rxjs';
import { Api, Message, read } from '@core/api/api';
import { count } from '@core/format';
import { problemOf } from '@core/problem';
import { DEVICE_STATE, DEVICE_STATES } from '@ui/device-state';
import { Segments } from '@ui/segments';
import { Toast } from '@ui/toast';

/** Tags for many devices: the list is frozen on the server first, so that what is confirmed is what is done. */
@Injectable({ providedIn: 'root' })
export class Tagging {
  private readonly dialog = inject(Dialog);
  private readonly api = inject(Api);
  private readonly toast = inject(Toast);

  /** Ask, then do it; whether something was done. */
  async ask(which: Message<'NewSelection'>): Promise<boolean> {
    try {
      const selection = await this.api.post('/v1/selections', which);
      const opened = this.dialog.open<boolean>(TagDialog, { data: selection, ariaLabelledBy: 'tag-title', autoFocus: 'first-tabbable' });
      return (await firstValueFrom(opened.closed, { defaultValue: false })) ?? false;
    } catch (error) {
      this.toast.say(problemOf(error).detail);
      return false;
    }
  }
}

@Component({
  selector: 'cnp-tag-dialog',
  imports: [Segments],
  template: `
    <form class="dialog" (submit)="$event.preventDefault(); apply()">
      <h2 id="tag-title" i18n="@@devices.tagTitle">{selection.count, plural, =1 {Étiqueter 1 poste} other {Étiqueter {{ count(selection.count) }} postes}}</h2>
      <cnp-segments [segments]="states()" />
      <p class="muted small" i18n="@@devices.tagFrozen">La liste est arrêtée : un poste qui change d’état entre-temps ne s’y ajoute pas. Les étiquettes servent à filtrer ; aucun déploiement ne les lit, aucun poste ne les reçoit.</p>
      <div class="field">
        <label for="tag-add" i18n="@@devices.tagAdd">Ajouter</label>
        <input id="tag-add" [value]="add()" (input)="add.set(text($event))" list="tags-known" autocomplete="off" i18n-placeholder="@@devices.tagExample" placeholder="pilote, à revoir" maxlength="400" />
      </div>
      <div class="field">
        <label for="tag-remove" i18n="@@devices.tagRemove">Retirer</label>
        <input id="tag-remove" [value]="remove()" (input)="remove.set(text($event))" list="tags-known" autocomplete="off" maxlength="400" />
      </div>
      <datalist id="tags-known">@for (tag of known(); track tag.id) { <option [value]="tag.id"></option> }</datalist>
      @if (fault()) { <p class="fault" role="alert">{{ fault() }}</p> }
      <div class="actions">
        <button type="button" class="button" (click)="ref.close(false)" i18n="@@ui.cancel">Annuler</button>
        <button type="submit" class="button primary" [disabled]="isBusy()" i18n="@@devices.tagApply">Étiqueter</button>
      </div>
    </form>
  `,
})
export class TagDialog {
  protected readonly selection = inject<Message<'Selection'>>(DIALOG_DATA);
  protected readonly ref = inject<DialogRef<boolean>>(DialogRef);
  private readonly api = inject(Api);
  private readonly toast = inject(Toast);
  private readonly tags = read('/v1/tags', () => ({ query: { limit: 200 } }));
  protected readonly known = computed(() => (this.tags.hasValue() ? (this.tags.value()?.items ?? []) : []));
  protected readonly add = signal('');
  protected readonly remove = signal('');
  protected readonly fault = signal('');
  protected readonly isBusy = signal(false);
  protected readonly count = count;
  protected readonly states = computed(() => DEVICE_STATES.map((state) => ({ label: DEVICE_STATE[state].label, tone: DEVICE_STATE[state].tone, value: this.selection.states[state] ?? 0 })));

  protected text(event: Event): string {
    return (event.target as HTMLInputElement).value;
  }

  protected async apply(): Promise<void> {
    const [add, remove] = [tagsOf(this.add()), tagsOf(this.remove())];
    if (!add.length && !remove.length) {
      this.fault.set($localize`:@@devices.tagNone:Indiquez une étiquette à ajouter ou à retirer.`);
      return;
    }
    this.isBusy.set(true);
    try {
      const done = await this.api.post('/v1/devices/tags', { selection: this.selection.id, add, remove, device_ids: [] });
      this.toast.say($localize`:@@devices.tagged:Étiquettes : ${count(done.added)}:added: ajoutées, ${count(done.removed)}:removed: retirées, sur ${count(done.devices)}:devices: postes`);
      this.ref.close(true);
    } catch (error) {
      this.fault.set(problemOf(error).detail);
      this.isBusy.set(false);
    }
  }
}

/** Tags as they are typed, with commas between them. */
export function tagsOf(text: string): string[] {
  return [...new Set(text.split(',').map((tag) => tag.trim()).filter(Boolean))];
}

import { CdkMenuModule } from '@angular/cdk/menu';
import { Dialog, DIALOG_DATA, DialogRef } from '@angular/cdk/dialog';
import { Component, computed, inject, output, signal } from '@angular/core';
import { Bookmark, BookmarkPlus, CloudOff, Trash2, Users } from 'lucide';
import { firstValueFrom } from 'rxjs';
import { Api, Message, read } from '@core/api/api';
import { problemOf } from '@core/problem';
import { Session } from '@core/session';
import { Confirm } from '@ui/confirm';
import { Icon } from '@ui/icon';
import { Pressed } from '@ui/pressed';
import { Toast } from '@ui/toast';

type View = Message<'SavedView'>;
/** What belongs to a moment and not to a view: the page of the list, the device that is open. */
const MOMENT = ['after', 'device'];

/** Views of the list under a name, one's own and those that are shared; the menu opens at once. */
@Component({
  selector: 'cnp-saved-views',
  imports: [CdkMenuModule, Icon, Pressed],
  template: `
    <button cnpPressed type="button" class="button" [cdkMenuTriggerFor]="menu"><cnp-icon [icon]="icons.Bookmark" /><ng-container i18n="@@views.views">Vues</ng-container></button>
    <ng-template #menu>
      <div class="menu" cdkMenu>
        <button type="button" cdkMenuItem (cdkMenuItemTriggered)="opened.emit('')"><ng-container i18n="@@views.all">Tous les postes</ng-container></button>
        @for (view of views(); track view.id) {
          <button type="button" cdkMenuItem (cdkMenuItemTriggered)="opened.emit(view.query)">
            <span class="ellipsis">{{ view.name }}</span>
            @if (view.shared) { <cnp-icon [icon]="icons.Users" [size]="15" [label]="sharedBy(view)" /> }
          </button>
        }
        @if (isFailed()) { <button type="button" cdkMenuItem (cdkMenuItemTriggered)="held.reload()"><cnp-icon [icon]="icons.CloudOff" [size]="16" /><ng-container i18n="@@views.failed">Vos vues n’ont pas pu être lues : réessayer</ng-container></button> }
        @else if (!views().length) { <div class="menu-title" role="presentation">@if (held.isLoading()) { <ng-container i18n="@@ui.loading">Chargement…</ng-container> } @else { <ng-container i18n="@@views.none">Aucune vue enregistrée.</ng-container> }</div> }
        <hr />
        <button type="button" cdkMenuItem (cdkMenuItemTriggered)="save()"><cnp-icon [icon]="icons.BookmarkPlus" [size]="16" /><ng-container i18n="@@views.save">Enregistrer cette vue…</ng-container></button>
        @if (mine().length) {
          <button type="button" cdkMenuItem (cdkMenuItemTriggered)="choose()"><cnp-icon [icon]="icons.Trash2" [size]="16" /><ng-container i18n="@@views.remove">Supprimer une vue…</ng-container></button>
        }
      </div>
    </ng-template>
  `,
})
export class SavedViews {
  readonly opened = output<string>();
  private readonly api = inject(Api);
  private readonly session = inject(Session);
  private readonly dialog = inject(Dialog);
  private readonly confirm = inject(Confirm);
  private readonly toast = inject(Toast);
  protected readonly held = read('/v1/views', () => ({ query: { of_page: 'devices', limit: 200 } }));
  protected readonly icons = { Bookmark, BookmarkPlus, CloudOff, Trash2, Users };
  protected readonly views = computed<readonly View[]>(() => (this.held.hasValue() ? [...(this.held.value()?.items ?? [])].sort((one, other) => one.name.localeCompare(other.name)) : []));
  protected readonly isFailed = computed(() => !!this.held.error());
  protected readonly mine = computed(() => this.views().filter((view) => view.owner === this.session.login() || (view.shared && this.session.may('administer'))));

  protected sharedBy(view: View): string {
    return $localize`:@@views.sharedBy:partagée par ${view.owner}:owner:`;
  }

  protected async save(): Promise<void> {
    const query = new URLSearchParams(location.search);
    MOMENT.forEach((name) => query.delete(name));
    const opened = this.dialog.open<boolean>(ViewDialog, { data: query.toString(), ariaLabelledBy: 'view-title', autoFocus: 'first-tabbable' });
    if (await firstValueFrom(opened.closed, { defaultValue: false })) {
      this.held.reload();
    }
  }

  protected async choose(): Promise<void> {
    const opened = this.dialog.open<View>(RemovalDialog, { data: this.mine(), ariaLabelledBy: 'removal-title', autoFocus: 'first-tabbable' });
    const view = await firstValueFrom(opened.closed, { defaultValue: undefined });
    if (view) {
      await this.remove(view);
    }
  }

  private async remove(view: View): Promise<void> {
    const consequences = view.shared
      ? [$localize`:@@views.removeShared:Elle disparaît aussi pour les autres. Les postes ne changent pas.`]
      : [$localize`:@@views.removeOwn:Les postes ne changent pas.`];
    const title = $localize`:@@views.removeTitle:Supprimer la vue « ${view.name}:name: »`;
    if ((await this.confirm.ask({ title, consequences, action: $localize`:@@views.removeAction:Supprimer` })) === undefined) {
      return;
    }
    try {
      await this.api.delete('/v1/views/{view_id}', { path: { view_id: view.id } });
      this.toast.say($localize`:@@views.removed:Vue supprimée : ${view.name}:name:`);
    } catch (error) {
      this.toast.say(problemOf(error).detail);
    }
    this.held.reload();
  }
}

@Component({
  selector: 'cnp-view-dialog',
  template: `
    <form class="dialog" (submit)="$event.preventDefault(); save(name.value, shared.checked)">
      <h2 id="view-title" i18n="@@views.title">Enregistrer cette vue</h2>
      <p class="muted" i18n="@@views.what">Filtres, tri et colonnes sont gardés ; les postes sont relus à chaque ouverture.</p>
      <div class="field"><label for="view-name" i18n="@@views.name">Nom</label><input #name id="view-name" maxlength="80" autocomplete="off" required /></div>
      <label class="check" [hidden]="!mayShare"><input #shared type="checkbox" /><ng-container i18n="@@views.share">Partager avec tous les utilisateurs</ng-container></label>
      @if (fault()) { <p class="fault" role="alert">{{ fault() }}</p> }
      <div class="actions">
        <button type="button" class="button" (click)="ref.close(false)" i18n="@@ui.cancel">Annuler</button>
        <button type="submit" class="button primary" i18n="@@views.record">Enregistrer</button>
      </div>
    </form>
  `,
})
export class ViewDialog {
  private readonly query = inject<string>(DIALOG_DATA);
  protected readonly ref = inject<DialogRef<boolean>>(DialogRef);
  private readonly api = inject(Api);
  private readonly toast = inject(Toast);
  protected readonly mayShare = inject(Session).may('annotate');
  protected readonly fault = signal('');

  protected async save(name: string, shared: boolean): Promise<void> {
    if (!name.trim()) {
      this.fault.set($localize`:@@views.unnamed:Donnez un nom à la vue.`);
      return;
    }
    try {
      await this.api.post('/v1/views', { name: name.trim(), page: 'devices', query: this.query, shared });
      this.toast.say($localize`:@@views.saved:Vue enregistrée : ${name.trim()}:name:`);
      this.ref.close(true);
    } catch (error) {
      this.fault.set(problemOf(error).detail);
    }
  }
}

@Component({
  selector: 'cnp-removal-dialog',
  imports: [Icon],
  template: `
    <div class="dialog">
      <h2 id="removal-title" i18n="@@views.which">Quelle vue supprimer ?</h2>
      <ul class="plain">
        @for (view of views; track view.id) {
          <li><button type="button" class="button" (click)="ref.close(view)">{{ view.name }}@if (view.shared) { <cnp-icon [icon]="Users" [size]="15" i18n-label="@@views.shared" label="partagée" /> }</button></li>
        }
      </ul>
      <div class="actions"><button type="button" class="button" (click)="ref.close()" i18n="@@ui.cancel">Annuler</button></div>
    </div>
  `,
  styles: 'ul { display: flex; flex-wrap: wrap; gap: 8px; }',
})
export class RemovalDialog {
  protected readonly views = inject<readonly View[]>(DIALOG_DATA);
  protected readonly ref = inject<DialogRef<View>>(DialogRef);
  protected readonly Users = Users;
}

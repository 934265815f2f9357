import { Dialog, DIALOG_DATA, DialogRef } from '@angular/cdk/dialog';
import { Component, inject, Injectable } from '@angular/core';
import { firstValueFrom } from 'rxjs';

/** What an action will do, told before it is done. */
export interface Question {
  readonly title: string;
  /** Consequences, with exact numbers: one sentence a line. */
  readonly consequences: readonly string[];
  /** An infinitive: « Arrêter ». */
  readonly action: string;
  readonly isDangerous?: boolean;
  /** Asks for a reason, which is kept in the audit. */
  readonly reason?: string;
}

/** Asks before an action; resolves with the reason (or an empty text), or with `undefined` when it is given up. */
@Injectable({ providedIn: 'root' })
export class Confirm {
  private readonly dialog = inject(Dialog);

  ask(question: Question): Promise<string | undefined> {
    const opened = this.dialog.open<string>(ConfirmDialog, { data: question, ariaLabelledBy: 'confirm-title', autoFocus: 'first-tabbable' });
    return firstValueFrom(opened.closed, { defaultValue: undefined });
  }
}

@Component({
  selector: 'cnp-confirm-dialog',
  template: `
    <form class="dialog" (submit)="$event.preventDefault(); answer(reason.value)">
      <h2 id="confirm-title">{{ question.title }}</h2>
      @for (line of question.consequences; track line) { <p>{{ line }}</p> }
      <div class="field" [hidden]="!question.reason">
        <label for="confirm-reason">{{ question.reason }}</label>
        <input #reason id="confirm-reason" autocomplete="off" maxlength="300" [required]="!!question.reason" />
      </div>
      <div class="actions">
        <button type="button" class="button" (click)="ref.close()" i18n="@@ui.cancel">Annuler</button>
        <button type="submit" class="button primary" [class.danger]="question.isDangerous">{{ question.action }}</button>
      </div>
    </form>
  `,
})
export class ConfirmDialog {
  protected readonly question = inject<Question>(DIALOG_DATA);
  protected readonly ref = inject<DialogRef<string>>(DialogRef);

  protected answer(reason: string): void {
    this.ref.close(reason.trim());
  }
}

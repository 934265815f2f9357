import { Dialog, DIALOG_DATA, DialogRef } from '@angular/cdk/dialog';
import { Component, inject, Injectable, signal } from '@angular/core';
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
  /** A word to type before it is done, for what cannot be done by mistake. */
  readonly typed?: string;
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
    <form class="dialog" novalidate (submit)="$event.preventDefault(); answer(reason, typed)">
      <h2 id="confirm-title">{{ question.title }}</h2>
      @for (line of question.consequences; track line) { <p>{{ line }}</p> }
      <div class="field" [hidden]="!question.reason">
        <label for="confirm-reason">{{ question.reason }}</label>
        <input #reason id="confirm-reason" autocomplete="off" maxlength="300" [attr.aria-invalid]="fault() === 'reason'" [attr.aria-describedby]="fault() === 'reason' ? 'confirm-fault' : null" />
        @if (fault() === 'reason') { <span class="fault" id="confirm-fault" role="alert" i18n="@@ui.giveReason">Indiquez le motif.</span> }
      </div>
      <div class="field" [hidden]="!question.typed">
        <label for="confirm-typed" i18n="@@ui.typeWord">Pour confirmer, écrivez {{ question.typed }}</label>
        <input #typed id="confirm-typed" autocomplete="off" autocapitalize="off" spellcheck="false" maxlength="40" [attr.aria-invalid]="fault() === 'typed'" [attr.aria-describedby]="fault() === 'typed' ? 'confirm-fault' : null" />
        @if (fault() === 'typed') { <span class="fault" id="confirm-fault" role="alert" i18n="@@ui.typeExactly">Écrivez exactement {{ question.typed }}.</span> }
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
  protected readonly fault = signal<'' | 'reason' | 'typed'>('');

  protected answer(reason: HTMLInputElement, typed: HTMLInputElement): void {
    const lacks = this.question.reason && !reason.value.trim() ? 'reason' : this.question.typed && !isSame(typed.value, this.question.typed) ? 'typed' : '';
    this.fault.set(lacks);
    if (lacks) {
      (lacks === 'reason' ? reason : typed).focus();
      return;
    }
    this.ref.close(reason.value.trim());
  }
}

/** Whatever the case, and with or without accents. */
export function isSame(typed: string, word: string): boolean {
  return typed.trim().localeCompare(word, undefined, { sensitivity: 'base' }) === 0;
}

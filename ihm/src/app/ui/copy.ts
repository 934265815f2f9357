import { Clipboard } from '@angular/cdk/clipboard';
import { Component, inject, input, signal } from '@angular/core';
import { Check, Copy as CopyShape } from 'lucide';
import { Icon } from './icon';

/** A text to take away, such as a command or a hash, with the button that copies it. */
@Component({
  selector: 'cnp-copy',
  imports: [Icon],
  template: `
    <code tabindex="0" [attr.aria-label]="label()">{{ text() }}</code>
    <button type="button" class="button quiet icon-only" (click)="take()" [attr.aria-label]="copyLabel" [title]="copyLabel">
      <cnp-icon [icon]="taken() ? icons.Check : icons.Copy" [size]="16" />
    </button>
    <span class="sr" role="status">@if (taken()) { <ng-container i18n="@@ui.copied">Copié</ng-container> }</span>
  `,
  styles: `
    :host { position: relative; display: flex; align-items: flex-start; gap: 4px; padding: 4px 4px 4px 10px; border: 1px solid var(--line); border-radius: var(--radius-s); background: var(--surface-2); }
    code { flex: 1; min-width: 0; padding: 5px 0; overflow-x: auto; font-size: 13.5px; white-space: pre-wrap; overflow-wrap: anywhere; }
  `,
})
export class Copy {
  readonly text = input.required<string>();
  readonly label = input('');
  private readonly clipboard = inject(Clipboard);
  protected readonly taken = signal(false);
  protected readonly icons = { Check, Copy: CopyShape };
  protected readonly copyLabel = $localize`:@@ui.copy:Copier`;

  protected take(): void {
    this.taken.set(this.clipboard.copy(this.text()));
    setTimeout(() => this.taken.set(false), 2_000);
  }
}

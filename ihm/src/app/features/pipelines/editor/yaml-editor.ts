import { Component, CSP_NONCE, effect, ElementRef, inject, input, model, OnDestroy, output, viewChild } from '@angular/core';
import { KnownFact } from '../condition/tree';
import type { Engine } from './engine';
import { Fault, wordsOf } from './fault-words';
import type { Schema } from './place';

/** The text of a pipeline, with its faults underlined; CodeMirror is loaded when the first one is shown. */
@Component({
  selector: 'cnp-yaml-editor',
  template: `<div #host class="host" [attr.aria-busy]="isReady ? null : true"></div>`,
  styles: `
    :host { display: block; min-height: 0; overflow: hidden; }
    .host { height: 100%; }
    .host:focus-within { outline: 2px solid var(--focus); outline-offset: -2px; }
  `,
})
export class YamlEditor implements OnDestroy {
  readonly text = model.required<string>();
  readonly readOnly = input(false);
  readonly faults = input<readonly Fault[]>([]);
  readonly schema = input<Schema>();
  readonly facts = input<readonly KnownFact[]>([]);
  readonly label = input('');
  readonly saved = output();
  protected isReady = false;
  private readonly host = viewChild.required<ElementRef<HTMLElement>>('host');
  private readonly nonce = inject(CSP_NONCE, { optional: true }) ?? '';
  private engine?: Engine;
  private isClosed = false;

  constructor() {
    effect(() => void this.draw(this.host().nativeElement, this.text(), this.readOnly(), this.faults()));
  }

  ngOnDestroy(): void {
    this.isClosed = true;
    this.engine?.close();
  }

  go(fault: Fault): void {
    this.engine?.go(fault.line ?? 1, fault.column ?? 1);
  }

  private async draw(host: HTMLElement, text: string, isReadOnly: boolean, faults: readonly Fault[]): Promise<void> {
    if (!this.engine) {
      const { Engine: Made } = await import('./engine');
      if (this.isClosed) return;
      this.engine ??= new Made(host, this.text(), isReadOnly, {
        nonce: this.nonce, label: this.label(), changed: (next) => this.text.set(next), save: () => this.saved.emit(),
        schema: () => this.schema(), facts: () => this.facts(),
      });
      host.removeAttribute('aria-busy');
    }
    this.engine.show(text);
    this.engine.lock(isReadOnly);
    this.engine.mark(faults.map((one) => ({
      line: one.line ?? 1, column: one.column ?? 1, endLine: one.end_line ?? one.line ?? 1, endColumn: one.end_column ?? (one.column ?? 1) + 1,
      message: wordsOf(one), isWarning: one.severity === 'warning',
    })));
  }
}

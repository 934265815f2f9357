import { afterNextRender, Component, CSP_NONCE, effect, ElementRef, inject, input, model, OnDestroy, output, signal, viewChild } from '@angular/core';
import { KnownFact } from '../condition/tree';
import type { Engine, Mark } from './engine';
import { Fault, wordsOf } from './fault-words';
import type { Schema } from './place';

/** The text of a pipeline, with its faults underlined; CodeMirror is loaded when the first one is shown. */
@Component({
  selector: 'cnp-yaml-editor',
  template: `<div #host class="host" [attr.aria-busy]="engine() ? null : true"></div>`,
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
  protected readonly engine = signal<Engine | undefined>(undefined);
  private readonly host = viewChild.required<ElementRef<HTMLElement>>('host');
  private readonly nonce = inject(CSP_NONCE, { optional: true }) ?? '';
  private isClosed = false;

  constructor() {
    afterNextRender(() => void this.load());
    effect(() => this.engine()?.show(this.text()));
    effect(() => this.engine()?.lock(this.readOnly()));
    effect(() => this.engine()?.mark(this.faults().map(markOf)));
  }

  ngOnDestroy(): void {
    this.isClosed = true;
    this.engine()?.close();
  }

  go(fault: Fault): void {
    this.engine()?.go(fault.line ?? 1, fault.column ?? 1);
  }

  /** What is shown is what the text is when the engine has come, not what it was when it was asked for. */
  private async load(): Promise<void> {
    const { Engine: Made } = await import('./engine');
    if (this.isClosed) return;
    this.engine.set(new Made(this.host().nativeElement, this.text(), this.readOnly(), {
      nonce: this.nonce, label: this.label(), changed: (next) => this.text.set(next), save: () => this.saved.emit(),
      schema: () => this.schema(), facts: () => this.facts(),
    }));
  }
}

function markOf(fault: Fault): Mark {
  const { line = 1, column = 1 } = fault;
  return { line, column, endLine: fault.end_line ?? line, endColumn: fault.end_column ?? column + 1, message: wordsOf(fault), isWarning: fault.severity === 'warning' };
}

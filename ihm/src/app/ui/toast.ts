import { Component, inject, Injectable, signal } from '@angular/core';

/** Says what somebody has done and that is over; errors stay on the page. */
@Injectable({ providedIn: 'root' })
export class Toast {
  private readonly held = signal('');
  private timer?: ReturnType<typeof setTimeout>;
  readonly text = this.held.asReadonly();

  say(text: string): void {
    clearTimeout(this.timer);
    this.held.set(text);
    this.timer = setTimeout(() => this.held.set(''), 5_000);
  }
}

@Component({
  selector: 'cnp-toasts',
  template: `<div role="status" aria-live="polite">@if (toast.text(); as text) { <p>{{ text }}</p> }</div>`,
  styles: `
    p {
      position: fixed; inset: auto 0 20px 0; z-index: 1100; width: fit-content; max-width: calc(100vw - 32px); margin: 0 auto; padding: 10px 18px;
      border-radius: var(--radius); background: light-dark(#17211c, #e6ede9); color: light-dark(#fff, #17211c); box-shadow: var(--shadow-2); font-size: 15px;
    }
  `,
})
export class Toasts {
  protected readonly toast = inject(Toast);
}

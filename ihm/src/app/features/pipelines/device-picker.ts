import { Component, inject, input, output, signal } from '@angular/core';
import { Api, Message } from '@core/api/api';

export type Picked = Pick<Message<'Device'>, 'id' | 'hostname' | 'practice_id'>;

const WAIT_MS = 250;
let serial = 0;

/** A field that finds one device by its name. */
@Component({
  selector: 'cnp-device-picker',
  template: `
    <input #box role="combobox" aria-autocomplete="list" [attr.aria-label]="label()" [placeholder]="label()" [attr.aria-expanded]="found().length > 0" [attr.aria-controls]="id" [attr.aria-activedescendant]="at() >= 0 && found().length ? id + '-' + at() : null"
      [value]="shown()" (input)="wait(box.value)" (keydown)="move($event)" (blur)="close()" autocomplete="off" spellcheck="false" maxlength="100" />
    <ul class="plain menu" role="listbox" [id]="id" [attr.aria-label]="label()" [hidden]="!found().length">
      @for (device of found(); track device.id; let n = $index) {
        <li role="option" [id]="id + '-' + n" [attr.aria-selected]="n === at()" (mousedown)="$event.preventDefault(); take(device)"><span class="mono">{{ device.hostname }}</span> <span class="muted small">{{ device.practice_id }}</span></li>
      }
    </ul>
    @if (isNobody()) { <p class="hint" role="status" i18n="@@pipelines.picker.nobody">Aucun poste de ce nom.</p> }
  `,
  styles: `
    :host { position: relative; display: block; }
    .menu { position: absolute; inset: calc(100% + 2px) 0 auto 0; z-index: 20; max-width: none; max-height: 240px; overflow: auto; }
    .menu[hidden] { display: none; }
    li { display: flex; justify-content: space-between; gap: 10px; padding: 7px 10px; border-radius: var(--radius-s); cursor: pointer; }
    li[aria-selected='true'], li:hover { background: var(--surface-3); }
  `,
})
export class DevicePicker {
  readonly label = input.required<string>();
  readonly picked = output<Picked>();
  protected readonly id = `picker-${++serial}`;
  protected readonly shown = signal('');
  protected readonly found = signal<readonly Picked[]>([]);
  protected readonly at = signal(0);
  protected readonly isNobody = signal(false);
  private readonly api = inject(Api);
  private timer?: ReturnType<typeof setTimeout>;

  protected wait(text: string): void {
    clearTimeout(this.timer);
    this.shown.set(text);
    this.timer = setTimeout(() => void this.look(text.trim()), WAIT_MS);
  }

  protected move(event: KeyboardEvent): void {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key] ?? 0;
    const most = this.found().length;
    if (step && most) {
      this.at.update((at) => (at + step + most) % most);
    } else if (event.key === 'Enter') {
      const one = this.found()[this.at()];
      if (one) this.take(one);
    } else if (event.key === 'Escape' && most) {
      event.stopPropagation();
      this.close();
    } else {
      return;
    }
    event.preventDefault();
  }

  protected take(device: Picked): void {
    this.shown.set(device.hostname);
    this.close();
    this.picked.emit(device);
  }

  protected close(): void {
    this.found.set([]);
    this.at.set(0);
  }

  private async look(q: string): Promise<void> {
    this.isNobody.set(false);
    if (!q) return this.close();
    try {
      const page = await this.api.get('/v1/devices', { query: { q, limit: 8 } });
      if (q !== this.shown().trim()) return;
      this.found.set(page.items);
      this.at.set(0);
      this.isNobody.set(page.items.length === 0);
    } catch {
      this.close();
    }
  }
}

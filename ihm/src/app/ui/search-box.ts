import { Component, effect, ElementRef, input, OnDestroy, output, signal, untracked, viewChild } from '@angular/core';
import { Search } from 'lucide';
import { Icon } from './icon';

const WAIT_MS = 250;

/**
 * A field that searches as one types, a quarter of a second after the last letter; `/` goes to it.
 *
 * What it said comes back as its `value` some time after, from the address for instance: what was typed meanwhile stays.
 */
@Component({
  selector: 'cnp-search-box',
  imports: [Icon],
  template: `
    <cnp-icon [icon]="Search" [size]="17" />
    <input #box type="search" [value]="text()" [placeholder]="label()" [attr.aria-label]="label()" (input)="wait(box.value)" (keydown.enter)="now()" autocomplete="off" spellcheck="false" maxlength="100" data-search />
  `,
  styles: `
    :host { position: relative; display: block; flex: 0 1 300px; min-width: 160px; }
    cnp-icon { position: absolute; inset: 0 auto 0 10px; align-items: center; color: var(--text-2); pointer-events: none; }
    input { padding-left: 35px; }
  `,
})
export class SearchBox implements OnDestroy {
  readonly value = input('');
  readonly label = input.required<string>();
  readonly searched = output<string>();
  protected readonly Search = Search;
  protected readonly text = signal('');
  private readonly box = viewChild.required<ElementRef<HTMLInputElement>>('box');
  private timer?: ReturnType<typeof setTimeout>;
  /** Said, and not yet come back. */
  private said: string[] = [];

  constructor() {
    effect(() => {
      const value = this.value();
      untracked(() => this.take(value));
    });
  }

  focus(): void {
    this.box().nativeElement.focus();
  }

  ngOnDestroy(): void {
    clearTimeout(this.timer); // nobody hears it any more
  }

  protected wait(text: string): void {
    this.text.set(text);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.say(), WAIT_MS);
  }

  protected now(): void {
    clearTimeout(this.timer);
    this.say();
  }

  private say(): void {
    const text = this.text().trim();
    this.said.push(text);
    this.searched.emit(text);
  }

  private take(value: string): void {
    const at = this.said.indexOf(value);
    this.said = at < 0 ? [] : this.said.slice(at + 1);
    if (at < 0) this.text.set(value);
  }
}

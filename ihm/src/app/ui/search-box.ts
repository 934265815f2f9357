import { Component, ElementRef, input, OnDestroy, output, viewChild } from '@angular/core';
import { Search } from 'lucide';
import { Icon } from './icon';

const WAIT_MS = 250;

/** A field that searches as one types, a quarter of a second after the last letter; `/` goes to it. */
@Component({
  selector: 'cnp-search-box',
  imports: [Icon],
  template: `
    <cnp-icon [icon]="Search" [size]="17" />
    <input #box type="search" [value]="value()" [placeholder]="label()" [attr.aria-label]="label()" (input)="wait(box.value)" (keydown.enter)="now(box.value)" autocomplete="off" spellcheck="false" maxlength="100" data-search />
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
  private readonly box = viewChild.required<ElementRef<HTMLInputElement>>('box');
  private timer?: ReturnType<typeof setTimeout>;

  focus(): void {
    this.box().nativeElement.focus();
  }

  ngOnDestroy(): void {
    clearTimeout(this.timer); // nobody hears it any more
  }

  protected wait(text: string): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.searched.emit(text.trim()), WAIT_MS);
  }

  protected now(text: string): void {
    clearTimeout(this.timer);
    this.searched.emit(text.trim());
  }
}

import { afterNextRender, Directive, ElementRef, inject } from '@angular/core';

/** A button that takes the place of one that was pressed before its code had come: it is pressed at once, and has the focus. */
@Directive({ selector: '[cnpPressed]' })
export class Pressed {
  constructor() {
    const button = inject<ElementRef<HTMLElement>>(ElementRef).nativeElement;
    afterNextRender(() => {
      button.focus();
      button.click();
    });
  }
}

import { Component, signal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { SearchBox } from './search-box';

@Component({
  imports: [SearchBox],
  template: `<cnp-search-box [value]="value()" label="Poste" (searched)="said.push($event)" />`,
})
class Page {
  readonly value = signal('');
  readonly said: string[] = [];
}

describe('a field that searches', () => {
  function opened() {
    const fixture = TestBed.createComponent(Page);
    fixture.detectChanges();
    const box = (fixture.nativeElement as HTMLElement).querySelector('input') as HTMLInputElement;
    return {
      box, page: fixture.componentInstance,
      type: (text: string) => {
        box.value = text;
        box.dispatchEvent(new Event('input'));
      },
      enter: () => box.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter' })),
      comes: (value: string) => {
        fixture.componentInstance.value.set(value);
        fixture.detectChanges();
      },
    };
  }

  it('keeps what was typed while what it said was on its way back', () => {
    const { box, page, type, enter, comes } = opened();
    type('m');
    enter();
    type('ma');
    enter();
    type('mate ');
    comes('m');
    expect(box.value).toBe('mate ');
    comes('ma');
    expect(box.value).toBe('mate ');
    expect(page.said).toEqual(['m', 'ma']);
  });

  it('says what was typed without the blanks around it, and keeps them', () => {
    const { box, page, type, enter, comes } = opened();
    type(' salle 2 ');
    enter();
    expect(page.said).toEqual(['salle 2']);
    comes('salle 2');
    expect(box.value).toBe(' salle 2 ');
  });

  it('shows what others have put in its place, also what it had said before', () => {
    const { box, type, enter, comes } = opened();
    comes('accueil');
    expect(box.value).toBe('accueil');
    type('salle');
    enter();
    comes('salle');
    comes('');
    expect(box.value).toBe('');
    comes('salle');
    expect(box.value).toBe('salle');
  });
});

import { Component, input, output } from '@angular/core';
import { Day, dayName, DAYS, shortDay } from './weekly';

/** Days of the week, each ticked or not. */
@Component({
  selector: 'cnp-days',
  template: `
    @for (day of all; track day) {
      <label [title]="long(day)"><input type="checkbox" [attr.aria-label]="long(day)" [checked]="days().includes(day)" [attr.aria-invalid]="!days().length" (change)="turn(day)" /><span aria-hidden="true">{{ short(day) }}</span></label>
    }
  `,
  styles: `
    :host { position: relative; display: flex; flex-wrap: wrap; gap: 4px; }
    label { position: relative; }
    input { position: absolute; inset: 0; width: 100%; height: 100%; margin: 0; opacity: 0; cursor: pointer; }
    span { display: grid; place-items: center; min-width: 42px; min-height: 32px; padding: 0 6px; border: 1px solid var(--line-strong); border-radius: var(--radius-s); font-size: 14px; cursor: pointer; }
    input:checked + span { border-color: var(--brand); background: var(--brand); color: var(--on-brand); font-weight: 600; }
    input:focus-visible + span { outline: 2px solid var(--focus); outline-offset: 2px; }
    @media (max-width: 700px) { span { min-width: 38px; } }
  `,
})
export class Days {
  readonly days = input.required<readonly Day[]>();
  /** In the order of the week. */
  readonly daysChange = output<Day[]>();
  protected readonly all = DAYS;
  protected readonly short = shortDay;
  protected readonly long = dayName;

  protected turn(day: Day): void {
    const held = this.days();
    this.daysChange.emit(DAYS.filter((one) => (one === day ? !held.includes(day) : held.includes(one))));
  }
}

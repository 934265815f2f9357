import { Component, computed, input, output } from '@angular/core';

export type Value = string | number | boolean;
interface Parameter {
  readonly type: 'string' | 'integer' | 'number' | 'boolean';
  readonly enum?: readonly Value[] | null;
  readonly default?: Value | null;
  readonly minimum?: number | null;
  readonly maximum?: number | null;
  readonly description?: string;
}
export type Schema = Readonly<Record<string, Parameter>>;

/** The parameters of a pipeline, as its signed schema wants them; the server checks them again. */
@Component({
  selector: 'cnp-parameters',
  template: `
    @for (one of fields(); track one.name) {
      <div class="field">
        @if (one.parameter.type === 'boolean') {
          <label class="check"><input #flag type="checkbox" [checked]="one.value === true" (change)="set(one.name, flag.checked)" /><span class="mono">{{ one.name }}</span></label>
        } @else {
          <label class="mono" [for]="'parameter-' + one.name">{{ one.name }}</label>
          @if (one.parameter.enum; as choices) {
            <select #choice [id]="'parameter-' + one.name" (change)="pick(one.name, choices, choice.selectedIndex)">@for (value of choices; track value) { <option [selected]="value === one.value">{{ value }}</option> }</select>
          } @else if (one.parameter.type === 'string') {
            <input #text [id]="'parameter-' + one.name" autocomplete="off" [value]="one.value ?? ''" (input)="set(one.name, text.value)" />
          } @else {
            <input #number type="number" [id]="'parameter-' + one.name" [min]="one.parameter.minimum ?? null" [max]="one.parameter.maximum ?? null" [value]="one.value ?? ''" (input)="set(one.name, number.valueAsNumber)" />
          }
        }
        @if (one.parameter.description) { <span class="hint">{{ one.parameter.description }}</span> }
      </div>
    }
  `,
  styles: ':host { display: grid; gap: 12px; } :host:empty { display: none; }',
})
export class Parameters {
  readonly schema = input.required<Schema>();
  readonly values = input.required<Readonly<Record<string, Value>>>();
  readonly valuesChange = output<Readonly<Record<string, Value>>>();
  protected readonly fields = computed(() =>
    Object.entries(this.schema()).map(([name, parameter]) => ({ name, parameter, value: this.values()[name] ?? parameter.default ?? undefined })),
  );

  protected set(name: string, value: Value): void {
    this.valuesChange.emit({ ...this.values(), [name]: value });
  }

  protected pick(name: string, choices: readonly Value[], at: number): void {
    const value = choices[at];
    if (value !== undefined) {
      this.set(name, value);
    }
  }
}

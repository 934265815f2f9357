import { Component, computed, input, output } from '@angular/core';
import { Parameters, Schema, Value } from '@ui/parameters';
import { hasRange, withoutRange } from './asked';

type Values = Readonly<Record<string, Value>>;

/** What a collection asks: those parameters that bound time, when it has them, as dates. */
@Component({
  selector: 'cnp-log-parameters',
  imports: [Parameters],
  template: `
    @if (isDated()) {
      <div class="pair" role="group" i18n-aria-label="@@logs.range" aria-label="Période">
        <div class="field"><label for="logs-since" i18n="@@logs.since">Du</label><input #since id="logs-since" type="date" [max]="textOf('until')" [value]="textOf('since')" (input)="set('since', since.value)" /></div>
        <div class="field"><label for="logs-until" i18n="@@logs.until">Au</label><input #until id="logs-until" type="date" [min]="textOf('since')" [value]="textOf('until')" (input)="set('until', until.value)" /><span class="hint" i18n="@@logs.rangeHint">À l’heure du poste ; vide, sans limite.</span></div>
      </div>
    }
    <cnp-parameters [schema]="others()" [values]="values()" (valuesChange)="valuesChange.emit($event)" />
  `,
  styles: `
    :host { display: grid; grid-template-columns: minmax(0, 1fr); gap: 14px; }
    .pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(220px, 100%), 1fr)); gap: 14px; align-items: start; }
  `,
})
export class LogParameters {
  readonly schema = input.required<Schema>();
  readonly values = input.required<Values>();
  readonly valuesChange = output<Values>();
  protected readonly isDated = computed(() => hasRange(this.schema()));
  protected readonly others = computed(() => (this.isDated() ? withoutRange(this.schema()) : this.schema()));

  protected textOf(name: string): string {
    return String(this.values()[name] ?? '');
  }

  protected set(name: string, value: Value): void {
    this.valuesChange.emit({ ...this.values(), [name]: value });
  }
}

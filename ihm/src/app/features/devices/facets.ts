import { Component, computed, input, output, signal } from '@angular/core';
import { Message } from '@core/api/api';
import { count } from '@core/format';
import { DEVICE_STATES } from '@ui/device-state';
import { WATCH, Watch } from '@ui/watch';
import { FACET_LABELS, Filters, Listed, LISTED, valueLabel } from './filters';

const SHORT = 5;
/** States that are always listed; the others when some device is in them. */
const USUAL = 3;

interface Choice {
  readonly value: string;
  readonly label: string;
  readonly devices: number | undefined;
  readonly isChosen: boolean;
}

/** What the list can be narrowed by, with how many devices each value leaves. */
@Component({
  selector: 'cnp-facets',
  template: `
    @for (group of groups(); track group.name) {
      <fieldset>
        <legend>{{ group.label }}</legend>
        @for (choice of group.shown; track choice.value) {
          <label [class.chosen]="choice.isChosen" [class.none]="choice.devices === 0">
            <input type="checkbox" [checked]="choice.isChosen" (change)="toggled.emit({ name: group.name, value: choice.value })" />
            <span class="ellipsis" [title]="choice.label">{{ choice.label }}</span><b class="num">{{ count(choice.devices) }}</b>
          </label>
        }
        @if (group.more) {
          <button type="button" class="link-button small" (click)="toggle(group.name)" [attr.aria-expanded]="group.isOpen">
            @if (group.isOpen) { <ng-container i18n="@@devices.less">Moins</ng-container> } @else { <ng-container i18n="@@devices.more">{{ group.more }} de plus</ng-container> }
          </button>
        }
      </fieldset>
    }
  `,
  styles: `
    :host { display: grid; align-content: start; gap: 14px; font-size: 15px; }
    fieldset { display: grid; gap: 1px; min-width: 0; margin: 0; padding: 0; border: 0; }
    legend { padding: 0 0 3px; color: var(--text-2); font-size: 14px; font-weight: 640; }
    label { display: grid; grid-template-columns: auto minmax(0, 1fr) auto; align-items: center; gap: 8px; min-height: 26px; padding: 1px 6px 1px 2px; border-radius: var(--radius-s); cursor: pointer; }
    label:hover { background: var(--surface-3); }
    label.chosen { font-weight: 600; }
    label.none { color: var(--text-2); }
    b { color: var(--text-2); font-size: 14px; font-weight: 400; }
    .link-button { justify-self: start; padding: 3px 0 0 26px; }
  `,
})
export class Facets {
  readonly filters = input.required<Filters>();
  readonly facets = input<Message<'Facets'>>();
  readonly watches = input<readonly Message<'WatchCount'>[]>();
  readonly toggled = output<{ name: Listed; value: string }>();
  protected readonly count = count;
  private readonly opened = signal<ReadonlySet<Listed>>(new Set());

  protected readonly groups = computed(() =>
    LISTED.map((name) => {
      const choices = this.choices(name);
      const isOpen = this.opened().has(name);
      const shown = choices.filter((one, place) => isOpen || place < SHORT || one.isChosen);
      return { name, label: FACET_LABELS[name], shown, isOpen, more: choices.length > SHORT ? choices.length - (isOpen ? 0 : shown.length) : 0 };
    }).filter((group) => group.shown.length && (group.name !== 'platform' || group.shown.length > 1 || this.filters().platform.length)),
  );

  protected toggle(name: Listed): void {
    this.opened.update((held) => new Set(held.has(name) ? [...held].filter((one) => one !== name) : [...held, name]));
  }

  private choices(name: Listed): readonly Choice[] {
    const chosen = this.filters()[name];
    if (name === 'watch') {
      const found = new Map(this.watches()?.map((one) => [one.watch as string, one.devices]));
      const known = Object.keys(WATCH) as Watch[];
      return known.filter((one) => found.get(one) || chosen.includes(one)).map((one) => this.choice(name, one, '', this.watches() ? (found.get(one) ?? 0) : undefined));
    }
    const values = this.facets()?.facets[name] ?? [];
    if (name === 'state') {
      const found = new Map(values.map((one) => [one.value, one.devices]));
      const shown = DEVICE_STATES.filter((one, place) => place < USUAL || found.get(one) || chosen.includes(one));
      return shown.map((one) => this.choice(name, one, '', this.facets() ? (found.get(one) ?? 0) : undefined));
    }
    const missing = chosen.filter((one) => !values.some(({ value }) => value === one)).map((value) => ({ value, label: '', devices: undefined }));
    return [...values, ...missing].map((one) => this.choice(name, one.value, one.label ?? '', one.devices));
  }

  private choice(name: Listed, value: string, label: string, devices: number | undefined): Choice {
    return { value, label: valueLabel(name, value, label), devices, isChosen: this.filters()[name].includes(value) };
  }
}

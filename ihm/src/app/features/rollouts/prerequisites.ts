import { Component, computed, input, output } from '@angular/core';
import { Plus, X } from 'lucide';
import { Message } from '@core/api/api';
import { count } from '@core/format';
import { Icon } from '@ui/icon';

type Published = Message<'PublishedPipeline'>;
export const MOST_BEFORE = 10;

/** A pipeline that a PC has done before; version 1 is any. Without a name it is still to be chosen. */
export interface Before {
  readonly name: string;
  readonly version: number;
}

/** As the API takes them. */
export const afterOf = (before: readonly Before[]) => before.filter((one) => one.name).map((one) => (one.version > 1 ? `${one.name}@${one.version}` : one.name));

/** « prepare_update, version 3 ou plus ». */
export const beforeSaid = ({ name, version }: Before) =>
  version > 1 ? $localize`:@@rollouts.afterFrom:${name}:name:, version ${version}:version: ou plus` : name;

/** One of `after` as the API and documents write it. */
export function beforeOf(text: string): Before {
  const [name = '', version] = text.split('@');
  return { name, version: Number(version ?? 1) };
}

/** What a PC may have done before a pipeline: any other, and older versions of itself. */
export function mayComeBefore(published: readonly Published[], own: Published['ref'] | undefined): { readonly name: string; readonly title: string; readonly versions: readonly number[] }[] {
  const before = published.filter(({ ref }) => ref.name !== own?.name || ref.version < own.version);
  return [...new Set(before.map((one) => one.ref.name))].map((name) => {
    const all = before.filter((one) => one.ref.name === name).sort((one, other) => other.ref.version - one.ref.version);
    return { name, title: all[0]?.title ?? name, versions: all.map((one) => one.ref.version) };
  }).sort((one, other) => one.title.localeCompare(other.title));
}

/** What PCs must have done before: those that have not wait, and join once they have. */
@Component({
  selector: 'cnp-prerequisites',
  imports: [Icon],
  template: `
    <p class="label" id="after-label" i18n="@@rollouts.after">Après d’autres pipelines</p>
    @for (one of value(); track $index; let place = $index) {
      <div class="row" role="group" aria-labelledby="after-label">
        <div class="field"><label [for]="'after-' + place" i18n="@@rollouts.afterPipeline">Pipeline déjà réussi sur le poste</label>
          <select #name [id]="'after-' + place" [attr.aria-invalid]="!one.name || !!refused()" [attr.aria-describedby]="refused() ? 'after-fault' : null" (change)="set(place, { name: name.value, version: 1 })">
            <option value="" [selected]="!one.name" i18n="@@rollouts.afterChoose">Choisissez…</option>
            @for (known of choices(place); track known.name) { <option [value]="known.name" [selected]="known.name === one.name">{{ known.title }} ({{ known.name }})</option> }
          </select></div>
        <div class="field"><label [for]="'after-version-' + place" i18n="@@rollouts.afterVersion">Version</label>
          <select #version [id]="'after-version-' + place" [disabled]="!one.name" (change)="set(place, { version: +version.value })">
            <option value="1" [selected]="one.version === 1" i18n="@@rollouts.afterAny">toute version</option>
            @for (number of versions(one); track number) { <option [value]="number" [selected]="number === one.version">{{ orLater(number) }}</option> }
          </select></div>
        <button type="button" class="button quiet icon-only" i18n-aria-label="@@rollouts.dropAfter" aria-label="Retirer ce pipeline" (click)="drop(place)"><cnp-icon [icon]="icons.X" [size]="17" /></button>
      </div>
    }
    @if (refused()) { <p class="fault" id="after-fault" role="alert">{{ refused() }}</p> }
    @if (value().length < most && choices(-1).length) { <button type="button" class="button small add" (click)="add()"><cnp-icon [icon]="icons.Plus" [size]="15" /><ng-container i18n="@@rollouts.addAfter">Ajouter un pipeline</ng-container></button> }
    <p class="hint" role="status">
      @if (!value().length) { <ng-container i18n="@@rollouts.afterNone">Aucun n’est exigé. Un poste à qui il en manque un attendrait, et rejoindrait son palier dès qu’il l’aurait réussi.</ng-container> }
      @else if (lacking()) { <ng-container i18n="@@rollouts.afterLacking">{{ count(lacking()) }} poste(s) visé(s) ne les ont pas tous réussis : ils attendront, sans retenir les autres.</ng-container> }
      @else if (lacking() === 0) { <ng-container i18n="@@rollouts.afterAll">Tous les postes visés les ont déjà réussis.</ng-container> }
    </p>
  `,
  styles: `
    :host { display: grid; gap: 8px; }
    .row { display: grid; grid-template-columns: minmax(0, 1fr) 170px auto; gap: 8px; align-items: end; }
    .add { justify-self: start; }
    .hint:empty { display: none; }
    @media (max-width: 600px) { .row { grid-template-columns: minmax(0, 1fr) auto; } .row > .field:first-child { grid-column: 1 / -1; } }
  `,
})
export class Prerequisites {
  readonly published = input.required<readonly Published[]>();
  readonly own = input<Published['ref']>();
  readonly value = input.required<readonly Before[]>();
  /** Of whom it is for, have not done them all; `undefined`: not known. */
  readonly lacking = input<number>();
  /** Why the API refuses them. */
  readonly refused = input('');
  readonly changed = output<readonly Before[]>();
  protected readonly most = MOST_BEFORE;
  protected readonly icons = { Plus, X };
  protected readonly count = count;
  private readonly known = computed(() => mayComeBefore(this.published(), this.own()));

  /** Each once. */
  protected choices(place: number) {
    const taken = this.value().filter((_, at) => at !== place).map((one) => one.name);
    return this.known().filter((one) => !taken.includes(one.name));
  }

  protected versions({ name }: Before): readonly number[] {
    return this.known().find((one) => one.name === name)?.versions.filter((version) => version > 1) ?? [];
  }

  protected orLater(version: number): string {
    return $localize`:@@rollouts.orLater:${version}:version: ou plus`;
  }

  protected add(): void {
    this.changed.emit([...this.value(), { name: '', version: 1 }]);
  }

  protected drop(place: number): void {
    this.changed.emit(this.value().filter((_, at) => at !== place));
  }

  protected set(place: number, change: Partial<Before>): void {
    this.changed.emit(this.value().map((one, at) => (at === place ? { ...one, ...change } : one)));
  }
}

import { Component, computed, input, linkedSignal } from '@angular/core';
import { ArrowRight } from 'lucide';
import { read } from '@core/api/api';
import { instant } from '@core/format';
import { lastGood } from '@core/last-good';
import { problemOf } from '@core/problem';
import { Ago } from '@ui/ago';
import { Icon } from '@ui/icon';
import { Pager } from '@ui/pager';
import { Shown, stateOf } from '@ui/shown';
import { factText } from './columns';
import { familyLabel, familyOf } from './families';

/** What changed in the facts of a PC: old and new value, the newest first. */
@Component({
  selector: 'cnp-history-tab',
  imports: [Ago, Icon, Pager, Shown],
  template: `
    <section class="card" aria-labelledby="history">
      <div class="card-head">
        <h2 id="history" i18n="@@device.changes">Ce qui a changé</h2>
        @if (names().length > 1) {
          <select class="family" [value]="family()" (change)="family.set(chosen($event))" i18n-aria-label="@@device.family" aria-label="Famille">
            <option value="" i18n="@@device.everyFamily">Toutes les familles</option>
            @for (name of names(); track name) { <option [value]="name">{{ label(name) }}</option> }
          </select>
        }
      </div>
      <cnp-shown name="device-changes" [state]="state()" [problem]="problem()" (retry)="held.reload()" (clear)="family.set('')" i18n-empty="@@device.noChanges" empty="Rien n’a changé depuis ses premières données." i18n-filteredEmpty="@@device.noSuchChanges" filteredEmpty="Aucun changement de cette famille sur cette page.">
        <div class="table-scroll" tabindex="0" role="group" aria-labelledby="history">
          <table class="list">
            <thead><tr><th scope="col" i18n="@@device.when">Quand</th><th scope="col" i18n="@@device.fact">Donnée</th><th scope="col" i18n="@@device.oldNew">Avant → après</th></tr></thead>
            <tbody>
              @for (line of lines(); track line.key) {
                <tr><td><cnp-ago [at]="line.at" /></td><td class="mono">{{ line.name }}</td>
                  <td class="wrap"><span class="old" [class.none]="line.old === null">{{ shown(line.old) }}</span>&ngsp;<cnp-icon [icon]="ArrowRight" [size]="14" i18n-label="@@device.becomes" label="devient" />&ngsp;<strong>{{ shown(line.new) }}</strong></td></tr>
              }
            </tbody>
          </table>
        </div>
        <cnp-pager [hasPrevious]="before().length > 0" [hasNext]="!!next()" (previous)="back()" (next)="forward()" />
      </cnp-shown>
    </section>
  `,
  styles: `
    .family { width: auto; }
    .old { color: var(--text-2); text-decoration: line-through; }
    .old.none { text-decoration: none; }
    td.wrap { overflow-wrap: anywhere; }
  `,
})
export class HistoryTab {
  readonly id = input.required<string>();
  readonly version = input.required<string>();
  protected readonly ArrowRight = ArrowRight;
  protected readonly instant = instant;
  protected readonly family = linkedSignal({ source: this.id, computation: () => '' });
  protected readonly before = linkedSignal<string, readonly string[]>({ source: this.id, computation: () => [] });
  private readonly after = linkedSignal({ source: this.id, computation: () => '' });
  protected readonly held = read('/v1/devices/{device_id}/facts-history', () => {
    this.version();
    return { path: { device_id: this.id() }, query: { after: this.after(), limit: 50 } };
  });
  private readonly page = lastGood(this.held, () => this.after());
  protected readonly next = computed(() => this.page()?.next);
  private readonly all = computed(() =>
    (this.page()?.items ?? []).flatMap((change) => Object.entries(change.changes).map(([name, fact]) => ({ key: `${change.id} ${name}`, at: change.at, name, old: fact.old, new: fact.new }))),
  );
  protected readonly names = computed(() => [...new Set(this.all().map((line) => familyOf(line.name)))].sort());
  protected readonly lines = computed(() => this.all().filter((line) => !this.family() || familyOf(line.name) === this.family()));
  protected readonly problem = computed(() => (this.held.error() ? problemOf(this.held.error()) : undefined));
  protected readonly state = computed(() => stateOf(this.page() && this.lines().length, this.problem(), this.all().length > 0));
  protected readonly label = familyLabel;

  protected shown(value: unknown): string {
    return value === null ? $localize`:@@device.absent:absente` : factText(value);
  }

  protected chosen(event: Event): string {
    return (event.target as HTMLSelectElement).value;
  }

  protected forward(): void {
    const here = this.after();
    this.before.update((held) => [...held, here]);
    this.after.set(this.next() ?? '');
  }

  protected back(): void {
    this.after.set(this.before().at(-1) ?? '');
    this.before.update((held) => held.slice(0, -1));
  }
}

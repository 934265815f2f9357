import { Component, computed, model } from '@angular/core';
import { Plus, X } from 'lucide';
import { Icon } from '@ui/icon';
import { Days } from './days';
import { DAYS, isTime, MOST_WINDOWS, openHours, PRESETS, shortDay, spansOfDay, timeOf, Window, windowFault, windowSaid } from './weekly';

/** When an order may begin: at any time, or in weekly windows, by the clock on the wall of each PC. */
@Component({
  selector: 'cnp-windows',
  imports: [Days, Icon],
  templateUrl: './windows.html',
  styleUrl: './windows.scss',
})
export class WindowsEditor {
  readonly windows = model<readonly Window[]>([]);
  protected readonly presets = PRESETS;
  protected readonly most = MOST_WINDOWS;
  protected readonly icons = { Plus, X };
  protected readonly short = shortDay;
  protected readonly said = windowSaid;
  protected readonly fault = windowFault;
  protected readonly isTime = isTime;
  protected readonly timeOf = timeOf;
  protected readonly sound = computed(() => this.windows().filter((one) => !windowFault(one)));
  protected readonly hours = computed(() => openHours(this.sound()));
  protected readonly week = computed(() => DAYS.map((day) => ({ day, spans: spansOfDay(this.sound(), day) })));

  protected anyTime(): void {
    this.windows.set([]);
  }

  protected someTimes(): void {
    if (!this.windows().length) {
      this.choose(PRESETS[0]?.windows ?? []);
    }
  }

  protected choose(windows: readonly Window[]): void {
    this.windows.set(windows.map((one) => ({ ...one })));
  }

  protected add(): void {
    this.windows.update((windows) => [...windows, { days: [], from: '20:00', to: '06:00' }]);
  }

  protected drop(place: number): void {
    this.windows.update((windows) => windows.filter((_, at) => at !== place));
  }

  protected set(place: number, change: Partial<Window>): void {
    this.windows.update((windows) => windows.map((one, at) => (at === place ? { ...one, ...change } : one)));
  }
}

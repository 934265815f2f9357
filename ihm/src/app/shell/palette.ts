import { DIALOG_DATA, DialogRef } from '@angular/cdk/dialog';
import { afterNextRender, Component, computed, inject, resource, signal } from '@angular/core';
import { Router } from '@angular/router';
import { CornerDownLeft, Search } from 'lucide';
import { bySection, Found } from '@core/feature';
import { Icon as Shape } from '@core/icon';
import { Session } from '@core/session';
import { Icon } from '@ui/icon';
import { FEATURES } from '../features.gen';
import { Actions } from './actions';

export interface Line extends Pick<Found, 'label' | 'detail'> {
  readonly icon: Shape;
  /** Where it goes, or what it does. */
  readonly link?: string;
  readonly does?: () => void;
}

interface Searched {
  readonly lines: readonly Line[];
  readonly failed: readonly string[];
}

const NOTHING: Searched = { lines: [], failed: [] };

/** Ctrl+K: pages at once, then what each feature finds. */
@Component({
  selector: 'cnp-palette',
  imports: [Icon],
  templateUrl: './palette.html',
  styleUrl: './palette.scss',
})
export class Palette {
  private readonly router = inject(Router);
  private readonly session = inject(Session);
  private readonly ref = inject(DialogRef);
  private readonly features = bySection(FEATURES).filter((feature) => this.session.may(feature.right));
  protected readonly icons = { CornerDownLeft, Search };
  private readonly own = inject(Actions).lines;
  /** What was typed before it was there: a text, and Enter. */
  private readonly given = inject<string | null>(DIALOG_DATA) ?? '';
  protected readonly text = signal(this.given.split('\n')[0] ?? '');
  protected readonly chosen = signal(0);
  private readonly found = resource({
    params: () => this.text().trim(),
    loader: ({ params, abortSignal }) => this.search(params, abortSignal),
  });
  private readonly searched = computed(() => (this.found.hasValue() ? this.found.value() : NOTHING));
  /** Where it could not look: what is not shown may be there. */
  protected readonly failed = computed(() => this.searched().failed.join(', '));
  protected readonly isLooking = computed(() => this.found.isLoading());
  protected readonly lines = computed<readonly Line[]>(() => {
    const wanted = plain(this.text());
    const pages = this.features.map((feature) => ({ label: feature.label, link: `/${feature.path}`, icon: feature.icon }));
    const named = ({ label }: Line) => plain(label).includes(wanted);
    return [...pages.filter(named), ...this.searched().lines, ...this.own.filter(named)];
  });

  constructor() {
    if (this.given.includes('\n')) {
      afterNextRender(() => this.go(this.lines()[0]));
    }
  }

  protected type(text: string): void {
    this.text.set(text);
    this.chosen.set(0);
  }

  protected move(by: number, event: Event): void {
    event.preventDefault();
    const length = this.lines().length;
    this.chosen.update((at) => (length ? (at + by + length) % length : 0));
  }

  protected go(line: Line | undefined): void {
    if (line) {
      this.ref.close();
      if (line.link) {
        void this.router.navigateByUrl(line.link);
      }
      line.does?.();
    }
  }

  private async search(text: string, signal: AbortSignal): Promise<Searched> {
    if (text.length < 2) {
      return NOTHING;
    }
    await new Promise((go) => setTimeout(go, 150));
    if (signal.aborted) {
      return NOTHING;
    }
    const failed: string[] = [];
    const searched = this.features.map(async (feature) => {
      const finder = await feature.finds?.();
      const lines = await finder?.(text, signal).catch(() => void failed.push(feature.label));
      return (lines ?? []).map((line) => ({ ...line, icon: feature.icon }));
    });
    return { lines: (await Promise.all(searched)).flat(), failed };
  }
}

/** Without case nor accents. */
function plain(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase().trim();
}

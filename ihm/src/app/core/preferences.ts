import { effect, Injectable, signal } from '@angular/core';

export type Theme = 'auto' | 'light' | 'dark';
export type Density = 'comfort' | 'compact';

/** How this person looks at the screens; kept in this browser. */
@Injectable({ providedIn: 'root' })
export class Preferences {
  readonly theme = signal<Theme>(read('canopee.theme', ['auto', 'light', 'dark']));
  readonly density = signal<Density>(read('canopee.density', ['comfort', 'compact']));
  readonly narrowMenu = signal<'no' | 'yes'>(read('canopee.narrow', ['no', 'yes']));
  readonly letterKeys = signal<'yes' | 'no'>(read('canopee.letters', ['yes', 'no']));

  constructor() {
    effect(() => {
      document.documentElement.dataset['theme'] = keep('canopee.theme', this.theme());
    });
    effect(() => {
      document.documentElement.dataset['density'] = keep('canopee.density', this.density());
    });
    effect(() => keep('canopee.narrow', this.narrowMenu()));
    effect(() => keep('canopee.letters', this.letterKeys()));
  }
}

function read<T extends string>(name: string, known: readonly [T, ...T[]]): T {
  const held = localStorage.getItem(name);
  return known.find((one) => one === held) ?? known[0];
}

function keep<T extends string>(name: string, value: T): T {
  localStorage.setItem(name, value);
  return value;
}

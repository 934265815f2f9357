import { Component, input } from '@angular/core';

@Component({
  selector: 'cnp-brand',
  template: `
    <svg viewBox="0 0 32 32" width="30" height="30" aria-hidden="true">
      <rect width="32" height="32" rx="7" fill="#1f6b4f" />
      <path d="M16 6c5.800 0 10 3.600 10 8 0 1.400-1.300 2-2.600 1.500-1.600-.6-2.700-.4-3.600.3-1 .8-2.200 1.200-3.800 1.200s-2.800-.4-3.800-1.200c-.9-.7-2-.9-3.600-.3C7.300 16 6 15.400 6 14c0-4.400 4.200-8 10-8zM14.900 16h2.200v10h-2.200z" fill="#d7f5e5" />
    </svg>
    @if (!narrow()) { <span>Canopée</span> }
  `,
  styles: `:host { display: flex; align-items: center; gap: 11px; font-size: 18px; font-weight: 680; letter-spacing: -0.01em; } svg { flex: none; }`,
})
export class Brand {
  readonly narrow = input(false);
}

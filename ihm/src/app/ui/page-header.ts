import { Component, input } from '@angular/core';

/** Title of a screen, what it says below (`<p>`), and its actions (elements with the attribute `action`). */
@Component({
  selector: 'cnp-page-header',
  template: `
    <div class="words">
      <h1 tabindex="-1">{{ title() }} <ng-content select="[beside]" /></h1>
      <div class="below"><ng-content /></div>
    </div>
    <div class="actions"><ng-content select="[action]" /></div>
  `,
  styles: `
    :host { display: flex; flex-wrap: wrap; align-items: flex-end; justify-content: space-between; gap: 10px 20px; }
    .words { min-width: 0; flex: 1 1 320px; }
    h1 { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 12px; overflow-wrap: anywhere; }
    .below { margin-top: 2px; color: var(--text-2); font-size: 15px; }
    .actions:empty { display: none; }
  `,
})
export class PageHeader {
  readonly title = input.required<string>();
}

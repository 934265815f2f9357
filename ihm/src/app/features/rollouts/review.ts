import { Component, computed, inject, input } from '@angular/core';
import { Message } from '@core/api/api';
import { Now } from '@core/now';
import { Asked } from './request';
import { reviewOf } from './review-said';

/** What is about to be prepared, in plain words, before anybody is asked to sign it. */
@Component({
  selector: 'cnp-review',
  template: `
    <dl>
      @for (part of parts(); track part.title) {
        <dt>{{ part.title }}</dt>
        <dd><ul class="plain">@for (line of part.lines; track line) { <li>{{ line }}</li> }</ul></dd>
      }
    </dl>
  `,
  styles: `
    dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); margin: 0; }
    dt, dd { padding: 10px 0; border-top: 1px solid var(--line); }
    dt { padding-right: 22px; color: var(--text-2); font-weight: 600; }
    ul { display: grid; gap: 4px; }
    li { overflow-wrap: anywhere; }
    dt:first-of-type, dd:first-of-type { border-top: 0; padding-top: 0; }
    @media (max-width: 600px) { dl { grid-template-columns: minmax(0, 1fr); } dt { padding-bottom: 0; } dd { border-top: 0; padding-top: 2px; } }
  `,
})
export class Review {
  readonly asked = input.required<Asked>();
  readonly title = input.required<string>();
  readonly found = input<Message<'CampaignPreview'>>();
  readonly isFree = input(false);
  private readonly now = inject(Now).ms;
  protected readonly parts = computed(() => reviewOf(this.asked(), this.title(), this.found(), this.isFree(), this.now()));
}

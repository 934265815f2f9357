import { Component, effect, inject, input, signal } from '@angular/core';
import { Api, Message } from '@core/api/api';
import { Problem, problemOf } from '@core/problem';
import { Status } from '@ui/status';
import { Picked } from './device-picker';

/** Whether a condition reaches a device, test by test. */
@Component({
  selector: 'cnp-why-not',
  imports: [Status],
  template: `
    @if (why(); as why) {
      <p role="status"><cnp-status [tone]="why.holds && !why.obstacle ? 'ok' : 'warn'" [strong]="true">
        @if (why.obstacle) { {{ obstacleOf(why.obstacle) }} }
        @else if (why.holds) { <ng-container i18n="@@pipelines.why.holds">{{ device().hostname }} est visé.</ng-container> }
        @else { <ng-container i18n="@@pipelines.why.holdsNot">{{ device().hostname }} n’est pas visé.</ng-container> }
      </cnp-status></p>
      <ul class="plain">
        @for (test of why.tests; track test.at) {
          <li><cnp-status [tone]="test.holds ? 'ok' : 'bad'"><code>{{ test.test }}</code></cnp-status>
            <span class="small muted"><ng-container i18n="@@pipelines.why.has">ce poste a :</ng-container>{{ ' ' }}@if (test.fact !== null) { <code>{{ test.fact }}</code> } @else { <ng-container i18n="@@pipelines.why.nothing">rien</ng-container> }</span></li>
        }
      </ul>
    }
    @if (problem(); as problem) { <p class="fault" role="alert">{{ problem.detail }}</p> }
  `,
  styles: `
    :host { display: grid; gap: 8px; }
    ul { display: grid; gap: 6px; }
    li { display: grid; gap: 1px; }
    li .small { padding-inline-start: 23px; overflow-wrap: anywhere; }
    cnp-status { white-space: normal; overflow-wrap: anywhere; }
  `,
})
export class WhyNot {
  readonly condition = input.required<Record<string, unknown>>();
  readonly device = input.required<Picked>();
  protected readonly why = signal<Message<'Why'> | undefined>(undefined);
  protected readonly problem = signal<Problem | undefined>(undefined);
  private readonly api = inject(Api);

  constructor() {
    effect(() => void this.ask(this.condition(), this.device().id));
  }

  protected obstacleOf(code: string): string {
    return code === 'device.revoked' ? $localize`:@@pipelines.why.revoked:Ce poste est révoqué : aucun ordre ne lui est donné.` : $localize`:@@pipelines.why.noFacts:Ce poste n’a encore rien dit de lui-même.`;
  }

  private async ask(condition: Record<string, unknown>, device: string): Promise<void> {
    try {
      this.why.set(await this.api.post('/v1/match/why', { condition, device_id: device }));
      this.problem.set(undefined);
    } catch (error) {
      this.problem.set(problemOf(error));
    }
  }
}

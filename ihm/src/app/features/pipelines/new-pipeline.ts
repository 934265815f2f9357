import { Component, computed, inject, signal } from '@angular/core';
import { Router, RouterLink } from '@angular/router';
import { FileText } from 'lucide';
import { Api } from '@core/api/api';
import { Problem, problemOf } from '@core/problem';
import { Session } from '@core/session';
import { Icon } from '@ui/icon';
import { PageHeader } from '@ui/page-header';
import { Shown } from '@ui/shown';
import { TEMPLATES } from './templates';

const NAME = /^[a-z][a-z0-9_]{0,62}$/;

/** The first words of a pipeline: a name, and something to begin from. */
@Component({
  selector: 'cnp-new-pipeline',
  imports: [Icon, PageHeader, RouterLink, Shown],
  template: `
    <div class="page">
      <cnp-page-header i18n-title="@@pipelines.new" title="Nouveau pipeline">
        <p><a routerLink="/pipelines" i18n="@@pipelines.nav">Pipelines</a></p>
      </cnp-page-header>
      @if (!session.may('publish')) {
        <section class="card"><cnp-shown name="new-pipeline" state="no-right" right="publish" /></section>
      } @else {
        <form class="card" (submit)="$event.preventDefault(); begin()">
          <div class="field">
            <label for="name" i18n="@@pipelines.name">Nom</label>
            <input #box id="name" class="mono" [value]="name()" (input)="name.set(box.value)" [attr.aria-invalid]="isWrong()" aria-describedby="name-hint" autocomplete="off" spellcheck="false" maxlength="63" />
            <p id="name-hint" [class.fault]="isWrong()" class="hint" i18n="@@pipelines.nameHint">Minuscules, chiffres et « _ », une lettre d’abord. Il ne change plus : c’est lui que portent les déploiements.</p>
          </div>
          <fieldset>
            <legend class="label" i18n="@@pipelines.beginFrom">Commencer par</legend>
            <div class="cards">
              @for (one of templates; track one.id) {
                <label class="choice" [class.chosen]="chosen() === one.id">
                  <input type="radio" name="template" [value]="one.id" [checked]="chosen() === one.id" (change)="chosen.set(one.id)" />
                  <span><strong>{{ one.title }}</strong><span class="muted small">{{ one.about }}</span></span>
                </label>
              }
            </div>
          </fieldset>
          @if (problem(); as problem) { <p class="banner bad" role="alert">{{ problem.detail }}</p> }
          <div class="actions"><button type="submit" class="button primary"><cnp-icon [icon]="FileText" />
            <ng-container i18n="@@pipelines.write">Écrire le brouillon</ng-container></button></div>
        </form>
      }
    </div>
  `,
  styles: `
    form { display: grid; gap: 18px; max-width: 860px; padding: 16px; }
    .field input { max-width: 360px; }
    fieldset { min-width: 0; margin: 0; padding: 0; border: 0; }
    legend { margin-bottom: 6px; padding: 0; }
    .cards { display: grid; gap: 10px; grid-template-columns: repeat(auto-fit, minmax(min(100%, 300px), 1fr)); }
    .choice { display: flex; gap: 10px; padding: 12px; border: 1px solid var(--line-strong); border-radius: var(--radius); cursor: pointer; }
    .choice.chosen { border-color: var(--brand); background: var(--brand-soft); }
    .choice input { flex: none; margin-top: 4px; }
    .choice span span { display: block; }
  `,
})
export class NewPipeline {
  protected readonly session = inject(Session);
  protected readonly templates = TEMPLATES;
  protected readonly FileText = FileText;
  protected readonly name = signal('');
  protected readonly chosen = signal('inventory');
  protected readonly isAsked = signal(false);
  protected readonly isWrong = computed(() => (this.isAsked() || this.name().length > 1) && !NAME.test(this.name()));
  protected readonly problem = signal<Problem | undefined>(undefined);
  private readonly api = inject(Api);
  private readonly router = inject(Router);

  protected async begin(): Promise<void> {
    this.isAsked.set(true);
    const template = TEMPLATES.find((one) => one.id === this.chosen());
    const name = this.name();
    if (!NAME.test(name) || !template) {
      document.getElementById('name')?.focus();
      return;
    }
    try {
      const held = await this.api.get('/v1/catalog/pipelines');
      if (held.items.some((one) => one.id === name)) {
        this.problem.set({ code: 'taken', title: '', status: 0, detail: $localize`:@@pipelines.taken:Un pipeline s’appelle déjà « ${name}:name: » : choisissez un autre nom.` });
        return;
      }
      await this.api.put('/v1/drafts/{name}', { text: template.text(name), revision: 0 }, { path: { name } });
      await this.router.navigate(['/pipelines', name]);
    } catch (error) {
      this.problem.set(problemOf(error));
    }
  }
}

import { Dialog } from '@angular/cdk/dialog';
import { Component, computed, effect, inject, input, untracked, viewChild } from '@angular/core';
import { Router, RouterLink } from '@angular/router';
import { FlaskConical, PenLine, Pencil, Rocket, Save, Trash2, TriangleAlert } from 'lucide';
import { read } from '@core/api/api';
import { clock, count } from '@core/format';
import { lastGood } from '@core/last-good';
import { Live } from '@core/live';
import { problemOf } from '@core/problem';
import { Session } from '@core/session';
import { Ago } from '@ui/ago';
import { Confirm } from '@ui/confirm';
import { Icon } from '@ui/icon';
import { PageHeader } from '@ui/page-header';
import { Shown, stateOf } from '@ui/shown';
import { Toast } from '@ui/toast';
import { ConditionBuilder } from './condition/condition-builder';
import { Diff } from './editor/diff';
import { wordsOf } from './editor/fault-words';
import { Schema } from './editor/place';
import { YamlEditor } from './editor/yaml-editor';
import { Unsaved } from './leaving';
import { Preview } from './preview';
import { Signature } from './signature';
import { TryOut } from './try-out';
import { Versions } from './versions';
import { kindOf, STATES } from './words';
import { Workbench } from './workbench';

const VIEWS = ['texte', 'condition', 'versions'] as const;

/** One pipeline: its text and its condition side by side with whom it reaches; its versions; its way to a signature. */
@Component({
  selector: 'cnp-pipeline',
  imports: [Ago, ConditionBuilder, Diff, Icon, PageHeader, Preview, RouterLink, Shown, Signature, Versions, YamlEditor],
  providers: [Workbench],
  templateUrl: './pipeline.html',
  styleUrl: './pipeline.scss',
  host: { '(window:beforeunload)': 'keep()' },
})
export class Pipeline implements Unsaved {
  readonly name = input.required<string>();
  readonly vue = input<string>();
  readonly de = input<string>();
  readonly a = input<string>();
  protected readonly bench = inject(Workbench);
  protected readonly session = inject(Session);
  protected readonly icons = { FlaskConical, PenLine, Pencil, Rocket, Save, Trash2, TriangleAlert };
  protected readonly words = { states: STATES, kindOf, wordsOf, clock, count };
  protected readonly view = computed(() => VIEWS.find((one) => one === this.vue()) ?? 'texte');
  protected readonly views = [
    { id: 'texte', label: $localize`:@@pipelines.page.text:Texte` }, { id: 'condition', label: $localize`:@@pipelines.page.condition:Condition` }, { id: 'versions', label: $localize`:@@pipelines.page.versions:Versions` },
  ];
  private readonly editor = viewChild(YamlEditor);
  private readonly changes = inject(Live).topic('pipelines');
  private readonly confirm = inject(Confirm);
  private readonly dialog = inject(Dialog);
  private readonly toast = inject(Toast);
  private readonly router = inject(Router);
  private readonly lives = read('/v1/catalog/pipelines/{name}', () => (this.changes(), { path: { name: this.name() } }));
  private readonly schemas = read('/v1/catalog/schemas/{kind}', () => ({ path: { kind: 'pipeline' } }));
  private readonly factNames = read('/v1/catalog/facts');
  protected readonly life = lastGood(this.lives, () => this.name());
  protected readonly schema = computed(() => (this.schemas.hasValue() ? (this.schemas.value() as Schema) : undefined));
  protected readonly facts = computed(() => (this.factNames.hasValue() ? this.factNames.value()?.items ?? [] : []));
  protected readonly awaited = computed(() => this.life()?.versions.find((one) => one.state === 'awaiting'));
  protected readonly serving = computed(() => this.life()?.versions.find((one) => one.version === this.life()?.in_service && one.state === 'published'));
  private readonly awaitedText = read('/v1/catalog/pipelines/{name}/{version}', () => { const one = this.awaited(); return one && { path: { name: this.name(), version: one.version } }; });
  private readonly servingText = read('/v1/catalog/pipelines/{name}/{version}', () => { const one = this.serving(); return one && { path: { name: this.name(), version: one.version } }; });
  protected readonly toSign = computed(() => (this.awaitedText.hasValue() ? this.awaitedText.value() : undefined));
  protected readonly servingCondition = computed(() => {
    const content = this.servingText.hasValue() ? this.servingText.value()?.content : undefined;
    return content ? conditionOf(JSON.parse(content) as Record<string, unknown>) : undefined;
  });
  protected readonly condition = computed(() => { const document = this.bench.document(); return document && conditionOf(document); });
  protected readonly problem = computed(() => (this.lives.error() ? problemOf(this.lives.error()) : undefined));
  protected readonly state = computed(() => stateOf(this.life() && 1, this.problem()));
  protected readonly draftText = computed(() => (this.bench.isDraft() ? this.bench.text() : undefined));

  constructor() {
    effect(() => {
      const life = this.lives.hasValue() ? this.lives.value() : undefined;
      if (life) untracked(() => void this.bench.open(life));
    });
  }

  keep(): void {
    this.bench.keep();
  }

  protected retry(): void {
    this.lives.reload();
  }

  protected go(fault: Parameters<YamlEditor['go']>[0]): void {
    this.editor()?.go(fault);
  }

  protected async save(): Promise<void> {
    if (await this.bench.save()) this.toast.say($localize`:@@pipelines.page.saved:Brouillon enregistré.`);
  }

  protected async ask(): Promise<void> {
    const said = await this.confirm.ask({
      title: $localize`:@@pipelines.page.askTitle:Demander la signature`,
      consequences: [
        $localize`:@@pipelines.page.askBytes:Ces octets-là seront à signer : le brouillon ne se modifie plus, sauf à le reprendre.`,
        this.serving() ? $localize`:@@pipelines.page.askServing:La version ${this.serving()?.version}:version: reste en service jusqu’à la signature.` : $localize`:@@pipelines.page.askNone:Rien ne s’exécute jusqu’à la signature.`,
      ],
      action: $localize`:@@pipelines.page.ask:Demander la signature`,
    });
    if (said !== undefined && (await this.bench.ask())) this.toast.say($localize`:@@pipelines.page.asked:Signature demandée.`);
  }

  protected async withdraw(version: number): Promise<void> {
    if (await this.bench.withdraw(version)) this.toast.say($localize`:@@pipelines.page.taken:Le texte est de nouveau un brouillon.`);
  }

  protected async discard(): Promise<void> {
    const said = await this.confirm.ask({
      title: $localize`:@@pipelines.page.discardTitle:Jeter le brouillon`,
      consequences: [$localize`:@@pipelines.page.discardWhat:Le texte du brouillon est perdu. Les versions publiées restent.`],
      action: $localize`:@@pipelines.page.discard:Jeter le brouillon`,
      isDangerous: true,
    });
    if (said === undefined) return;
    const isOnly = !this.life()?.versions.length;
    if ((await this.bench.discard()) || isOnly) {
      if (isOnly) await this.router.navigate(['/pipelines']);
      else this.lives.reload();
    }
  }

  protected tryOut(): void {
    const version = this.serving();
    if (version) this.dialog.open(TryOut, { data: version, ariaLabelledBy: 'try-title', autoFocus: 'input, button' });
  }
}

function conditionOf(document: Record<string, unknown>): Record<string, unknown> {
  return (document['condition'] as Record<string, unknown> | null | undefined) ?? { all: [] };
}

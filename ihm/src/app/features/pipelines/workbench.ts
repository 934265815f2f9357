import { computed, effect, inject, Injectable, signal, untracked } from '@angular/core';
import { Api, Message } from '@core/api/api';
import { Problem, problemOf } from '@core/problem';
import { Session } from '@core/session';
import { withVersion } from './condition/in-text';
import { Fault } from './editor/fault-words';
import { keep, keptOf } from './kept-here';
import { Life, shownVersion } from './words';

const CHECK_MS = 300;
const KEEP_MS = 800;

/** A pipeline on the workbench: its text, what is wrong with it, and its way to a signature. One for each page. */
@Injectable()
export class Workbench {
  readonly life = signal<Life | undefined>(undefined);
  readonly text = signal('');
  readonly faults = signal<readonly Fault[]>([]);
  /** The last text that could be read, and whose condition has no error. */
  readonly document = signal<Record<string, unknown> | undefined>(undefined);
  /** Whether `faults` are those of an older text than the one shown. */
  readonly isChecking = signal(true);
  readonly problem = signal<Problem | undefined>(undefined);
  /** A draft that somebody else has saved since ours was read. */
  readonly conflict = signal<Message<'Draft'> | undefined>(undefined);
  /** When what was typed here was kept, and taken up again at this visit. */
  readonly resumedAt = signal<number | undefined>(undefined);
  readonly isBusy = signal(false);
  /** Whether a draft is on the bench; else a version is shown. */
  readonly isDraft = signal(false);
  readonly savedText = signal('');
  readonly isDirty = computed(() => this.isDraft() && this.text() !== this.savedText());
  readonly errors = computed(() => this.faults().filter((one) => one.severity !== 'warning'));
  readonly hasConditionErrors = computed(() => this.errors().some((one) => one.at.startsWith('$.condition') || one.code.startsWith('yaml.')));
  readonly mayWrite = computed(() => this.session.may('publish') && !!this.life() && this.life()?.managed_by !== 'git');
  readonly readOnly = computed(() => !this.isDraft() || !this.mayWrite());
  readonly shown = computed(() => { const life = this.life(); return life && shownVersion(life); });
  private readonly api = inject(Api);
  private readonly session = inject(Session);
  private revision = 0;
  private name = '';

  constructor() {
    effect((clean) => {
      const text = this.text();
      untracked(() => this.isChecking.set(true));
      const timer = setTimeout(() => void this.check(text), CHECK_MS);
      clean(() => clearTimeout(timer));
    });
    effect((clean) => {
      this.text();
      const timer = setTimeout(() => this.keep(), KEEP_MS);
      clean(() => clearTimeout(timer));
    });
  }

  /** Put a pipeline on the bench; what was typed here before comes back. */
  async open(life: Life): Promise<void> {
    const isSame = this.name === life.id;
    if (!isSame) this.leave();
    this.life.set(life);
    if (isSame && this.isDirty()) return this.compare(life);
    this.name = life.id;
    try {
      await (life.draft_by ? this.openDraft(life.id, isSame) : this.openVersion(life, isSame));
      this.problem.set(undefined);
    } catch (error) {
      this.problem.set(problemOf(error));
    }
  }

  /** Begin a draft from the version that is shown, one higher. */
  begin(): void {
    const highest = Math.max(0, ...(this.life()?.versions ?? []).map((one) => one.version));
    [this.revision] = [0];
    this.savedText.set('');
    this.isDraft.set(true);
    this.text.set(withVersion(this.text(), highest + 1));
  }

  async save(): Promise<boolean> {
    if (!this.isDraft() || this.isBusy()) return false;
    const text = this.text();
    this.isBusy.set(true);
    try {
      const draft = await this.api.put('/v1/drafts/{name}', { text, revision: this.revision }, { path: { name: this.name } });
      this.revision = draft.revision;
      this.savedText.set(text);
      this.settle();
      return true;
    } catch (error) {
      await this.refused(error);
      return false;
    } finally {
      this.isBusy.set(false);
    }
  }

  /** Save, then ask for the signature of exactly this. */
  async ask(): Promise<boolean> {
    if (this.isDirty() && !(await this.save())) return false;
    return this.done(() => this.api.post('/v1/drafts/{name}/ask', undefined, { path: { name: this.name }, query: { revision: this.revision } }));
  }

  async withdraw(version: number): Promise<boolean> {
    return this.done(() => this.api.post('/v1/catalog/pipelines/{name}/{version}/withdraw', undefined, { path: { name: this.name, version } }));
  }

  async discard(): Promise<boolean> {
    keep(this.name, undefined);
    const life = this.life();
    if (!this.revision && life) {
      this.name = '';
      await this.open(life);
      return true;
    }
    return this.done(() => this.api.delete('/v1/drafts/{name}', { path: { name: this.name } }));
  }

  /** Of a conflict: go on with ours, over theirs, or take theirs. */
  choose(ours: boolean): void {
    const theirs = this.conflict();
    if (!theirs) return;
    this.revision = theirs.revision;
    this.savedText.set(theirs.text);
    if (!ours) this.text.set(theirs.text);
    this.settle();
    this.keep();
  }

  /** Leave what was typed here for what is saved. */
  forget(): void {
    this.text.set(this.savedText());
    this.resumedAt.set(undefined);
    keep(this.name, undefined);
  }

  keep(): void {
    if (this.isDraft()) {
      keep(this.name, this.isDirty() ? { text: this.text(), revision: this.revision, at: Date.now() } : undefined);
    }
  }

  /** Another pipeline comes: what was typed is kept, what was said of this one is forgotten. */
  private leave(): void {
    this.keep();
    this.isDraft.set(false);
    this.document.set(undefined);
    this.faults.set([]);
    this.conflict.set(undefined);
    this.resumedAt.set(undefined);
  }

  private async openDraft(name: string, isSame: boolean): Promise<void> {
    const draft = await this.saved(name);
    if (!draft) return;
    if (isSame && this.isDirty()) return this.oppose(draft); // written on while it was read
    const kept = isSame ? undefined : keptOf(name);
    this.isDraft.set(true);
    this.revision = kept?.revision ?? draft.revision;
    this.savedText.set(draft.text);
    this.text.set(kept?.text ?? draft.text);
    this.resumedAt.set(kept?.at);
    this.oppose(draft);
  }

  private async openVersion(life: Life, isSame: boolean): Promise<void> {
    const shown = shownVersion(life);
    this.isDraft.set(false);
    this.revision = 0;
    if (!shown) return;
    const held = await this.api.get('/v1/catalog/pipelines/{name}/{version}', { path: { name: life.id, version: shown.version } });
    if (isSame && this.isDirty()) return; // a draft was begun while it was read
    const kept = life.managed_by === 'git' ? undefined : keptOf(life.id);
    this.savedText.set(kept ? '' : held.source);
    this.isDraft.set(!!kept);
    this.text.set(kept?.text ?? held.source);
    this.resumedAt.set(kept?.at);
  }

  /** Somebody changed the pipeline while we write: a newer draft is said, nothing of ours is lost. */
  private async compare(life: Life): Promise<void> {
    if (!life.draft_by) return;
    const draft = await this.saved(life.id).catch(() => undefined);
    if (draft) this.oppose(draft);
  }

  private oppose(draft: Message<'Draft'>): void {
    if (draft.revision !== this.revision) this.conflict.set(draft);
  }

  /** The draft as it is saved; none when we have saved it again, or left, while it was read. */
  private async saved(name: string): Promise<Message<'Draft'> | undefined> {
    const { revision } = this;
    const draft = await this.api.get('/v1/drafts/{name}', { path: { name } });
    return this.name === name && this.revision === revision ? draft : undefined;
  }

  private async check(text: string): Promise<void> {
    if (!this.name || !text) return;
    try {
      const checked = await this.api.post('/v1/catalog/check', { path: `pipelines/${this.name}.yaml`, text });
      if (text !== this.text()) return;
      this.faults.set(checked.faults);
      this.isChecking.set(false);
      if (checked.document && !this.hasConditionErrors()) this.document.set(checked.document);
    } catch (error) {
      this.problem.set(problemOf(error));
    }
  }

  private async refused(error: unknown): Promise<void> {
    const problem = problemOf(error);
    if (problem.code === 'draft.changed') {
      const theirs = await this.api.get('/v1/drafts/{name}', { path: { name: this.name } }).catch(() => undefined);
      this.conflict.set(theirs);
      if (theirs) return;
    }
    this.problem.set(problem);
  }

  private settle(): void {
    this.conflict.set(undefined);
    this.resumedAt.set(undefined);
    this.problem.set(undefined);
    this.keep();
  }

  private async done(call: () => Promise<unknown>): Promise<boolean> {
    this.isBusy.set(true);
    try {
      await call();
      keep(this.name, undefined);
      this.savedText.set(this.text());
      this.isDraft.set(false);
      this.settle();
      await this.open(await this.api.get('/v1/catalog/pipelines/{name}', { path: { name: this.name } }));
      return true;
    } catch (error) {
      await this.refused(error);
      return false;
    } finally {
      this.isBusy.set(false);
    }
  }
}

import { Component, computed, inject, input, signal } from '@angular/core';
import { Router } from '@angular/router';
import { read } from '@core/api/api';
import { lastGood } from '@core/last-good';
import { problemOf } from '@core/problem';
import { Ago } from '@ui/ago';
import { Shown, State } from '@ui/shown';
import { Status } from '@ui/status';
import { Diff } from './editor/diff';
import { Life, ownerOf, STATES } from './words';

/** Every version of a pipeline, and what differs between two of them. */
@Component({
  selector: 'cnp-versions',
  imports: [Ago, Diff, Shown, Status],
  templateUrl: './versions.html',
  styles: `
    :host { display: grid; gap: 14px; min-width: 0; }
    select { width: auto; }
    .choice { display: inline-flex; align-items: center; gap: 8px; font-size: 15px; }
    .hash { color: var(--text-2); }
    table.list tbody th { position: static; border-top: 0; background: none; color: var(--text); }
    table.list tbody tr:last-child th { border-bottom: 0; }
  `,
})
export class Versions {
  readonly life = input.required<Life>();
  /** Versions to compare, kept in the address; `0` is the draft. */
  readonly de = input<string>();
  readonly a = input<string>();
  /** Of the draft, when there is one. */
  readonly draft = input<string>();
  protected readonly twoColumns = signal(false);
  protected readonly words = { states: STATES, ownerOf };
  protected readonly from = computed(() => this.chosen(this.de()) ?? this.life().versions[this.draft() === undefined ? 1 : 0]?.version ?? this.life().versions[0]?.version);
  protected readonly to = computed(() => this.chosen(this.a()) ?? (this.draft() === undefined ? this.life().versions[0]?.version : 0));
  private readonly router = inject(Router);
  private readonly before = read('/v1/catalog/pipelines/{name}/{version}', () => this.where(this.from()));
  private readonly after = read('/v1/catalog/pipelines/{name}/{version}', () => this.where(this.to()));
  private readonly heldBefore = lastGood(this.before);
  private readonly heldAfter = lastGood(this.after);
  protected readonly texts = computed(() => {
    const of = (version: number | undefined, held: string | undefined) => (version === 0 ? this.draft() : held);
    return { before: of(this.from(), this.heldBefore()?.source), after: of(this.to(), this.heldAfter()?.source) };
  });
  protected readonly problem = computed(() => { const error = this.before.error() ?? this.after.error(); return error ? problemOf(error) : undefined; });
  protected readonly state = computed<State>(() => (this.problem() ? 'error' : this.texts().before !== undefined && this.texts().after !== undefined ? 'ready' : 'loading'));
  protected readonly choices = computed(() => [
    ...(this.draft() === undefined ? [] : [{ version: 0, label: $localize`:@@pipelines.versions.draft:brouillon` }]),
    ...[...new Set(this.life().versions.map((one) => one.version))].map((version) => ({ version, label: `v${version}` })),
  ]);
  protected readonly label = computed(() => $localize`:@@pipelines.versions.diffLabel:Différences de ${this.nameOf(this.from())}:from: à ${this.nameOf(this.to())}:to:`);

  protected retry(): void {
    this.before.reload();
    this.after.reload();
  }

  protected async choose(queryParams: { de?: string; a?: string }): Promise<void> {
    await this.router.navigate([], { queryParams, queryParamsHandling: 'merge', replaceUrl: true });
  }

  private chosen(given: string | undefined): number | undefined {
    const version = Number(given);
    return given !== undefined && this.choices().some((one) => one.version === version) ? version : undefined;
  }

  private nameOf(version: number | undefined): string {
    return this.choices().find((one) => one.version === version)?.label ?? '';
  }

  private where(version: number | undefined): { path: { name: string; version: number } } | undefined {
    return version ? { path: { name: this.life().id, version } } : undefined;
  }
}

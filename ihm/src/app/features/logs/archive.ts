import { Component, computed, inject, input, signal, viewChild } from '@angular/core';
import { Router, RouterLink } from '@angular/router';
import { Download } from 'lucide';
import { addressOf, read } from '@core/api/api';
import { bytes, count } from '@core/format';
import { lastGood } from '@core/last-good';
import { problemOf } from '@core/problem';
import { Ago } from '@ui/ago';
import { Copy } from '@ui/copy';
import { Icon } from '@ui/icon';
import { PageHeader } from '@ui/page-header';
import { SearchBox } from '@ui/search-box';
import { Shown, State } from '@ui/shown';
import { About, aboutOf, fileName, folderOf, hidden, hiddenSaid, notes } from './about';
import { Hit, LogSearch } from './search';
import { LogText } from './text';

const ARCHIVE = '/v1/log-requests/{request_id}/archives/{device_id}';
const FEW = 12;
/** Why there is nothing to show, which is no failure. */
const ABSENT: Readonly<Record<string, string>> = {
  'logs.purged': $localize`:@@logs.isPurged:Cette archive a été purgée. Son reçu, sur la page de la demande, dit quand et par qui.`,
  'logs.not_ready': $localize`:@@logs.notReady:L’archive de ce poste n’est pas là, ou pas encore en entier.`,
};

/** What one PC sent: its files, each read on the server a page at a time, and a search in all of them. */
@Component({
  selector: 'cnp-log-archive',
  imports: [Ago, Copy, Icon, LogSearch, LogText, PageHeader, RouterLink, SearchBox, Shown],
  templateUrl: './archive.html',
  styleUrl: './archive.scss',
  host: { '(document:keydown)': 'key($event)' },
})
export class LogArchive {
  readonly id = input.required<string>();
  readonly poste = input.required<string>();
  /** Of several archives of a PC, that of this step. */
  readonly etape = input<string>();
  /** Number of a file of the archive: no name of a file is in the address. */
  readonly fichier = input<string>();
  readonly ligne = input<string>();
  private readonly router = inject(Router);
  private readonly search = viewChild<LogSearch>('search');
  private readonly ticket = read('/v1/log-requests/{request_id}', () => ({ path: { request_id: this.id() } }));
  private readonly pc = read('/v1/devices/{device_id}', () => ({ path: { device_id: this.poste() } }));
  protected readonly files = read('/v1/log-requests/{request_id}/archives/{device_id}/files', () => ({
    path: { request_id: this.id(), device_id: this.poste() }, query: { step: this.etape() ?? '' },
  }));
  protected readonly request = lastGood(this.ticket, this.id);
  private readonly device = lastGood(this.pc, this.poste);
  protected readonly listing = lastGood(this.files, () => `${this.id()} ${this.poste()} ${this.etape() ?? ''}`);
  protected readonly name = computed(() => this.device()?.hostname ?? $localize`:@@logs.archive:Archive`);
  protected readonly practice = computed(() => this.device()?.practice_name || this.device()?.practice_id || '');
  private readonly problem = computed(() => (this.files.error() ? problemOf(this.files.error()) : undefined));
  protected readonly empty = computed(() => ABSENT[this.problem()?.code ?? ''] ?? $localize`:@@logs.emptyArchive:Cette archive ne contient aucun fichier.`);
  protected readonly state = computed<State>(() => {
    const [listing, problem] = [this.listing(), this.problem()];
    if (listing) {
      return listing.files.length ? 'ready' : 'empty';
    }
    return !problem ? 'loading' : problem.code in ABSENT ? 'empty' : problem.status === 403 ? 'no-right' : 'error';
  });
  /** What is told as a failure: what is absent is told in its place. */
  protected readonly shownProblem = computed(() => (this.problem() && !((this.problem()?.code ?? '') in ABSENT) ? this.problem() : undefined));
  protected readonly number = computed(() => Number(this.fichier()) || (this.listing()?.files.length === 1 ? 1 : 0));
  protected readonly file = computed(() => this.listing()?.files.find((one) => one.number === this.number()));
  protected readonly about = computed<About>(() => {
    const file = this.file();
    return file ? aboutOf(file) : {};
  });
  protected readonly wantedLine = computed(() => Math.max(1, Number(this.ligne()) || 1));
  protected readonly wanted = signal('');
  protected readonly shown = computed(() => {
    const wanted = this.wanted().toLowerCase();
    return (this.listing()?.files ?? [])
      .map((file) => ({ file, name: fileName(file.path), folder: folderOf(file.path), notes: notes(file) }))
      .filter((one) => one.file.path.toLowerCase().includes(wanted));
  });
  protected readonly hiddenIn = computed(() => hiddenSaid(this.listing()?.manifest['redacted']));
  protected readonly hiddenHere = computed(() => {
    const { redacted } = this.about();
    return hidden(redacted) ? $localize`:@@logs.hiddenHere:Masqué dans ce fichier, sur le poste : ${hiddenSaid(redacted)}:kinds:.` : '';
  });
  protected readonly leftOut = computed(() => (this.listing()?.manifest['left_out'] ?? []) as readonly { path: string; why: string }[]);
  protected readonly download = computed(() => {
    const path = addressOf<typeof ARCHIVE, 'get'>(ARCHIVE, { path: { request_id: this.id(), device_id: this.poste() } });
    return this.etape() ? `${path}?${new URLSearchParams({ step: this.etape() ?? '' })}` : path;
  });
  protected readonly icons = { Download };
  protected readonly few = FEW;
  protected readonly bytes = bytes;
  protected readonly count = count;

  /** Go to what a search found. */
  protected open(hit: Hit): void {
    this.go({ fichier: hit.file, ligne: hit.line });
  }

  protected jump(line: number): void {
    this.go({ ligne: line > 1 ? Math.floor(line) : null });
  }

  /** N and P go through what was found, unless somebody types. */
  protected key(event: KeyboardEvent): void {
    const isTyping = event.target instanceof Element && event.target.closest('input:not([type=checkbox]), textarea, select, [role=dialog]');
    const by = { n: 1, p: -1 }[event.key.toLowerCase()] as 1 | -1 | undefined;
    if (by && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      this.search()?.next(by);
    }
  }

  private go(queryParams: Record<string, unknown>): void {
    void this.router.navigate([], { queryParams, queryParamsHandling: 'merge', replaceUrl: true });
  }
}

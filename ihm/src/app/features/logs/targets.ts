import { Component, computed, inject, input, model, OnInit, signal } from '@angular/core';
import { Building2, Check, ClipboardList, ListChecks, Plus, Search, X } from 'lucide';
import { Api, Message, read } from '@core/api/api';
import { count } from '@core/format';
import { problemOf } from '@core/problem';
import { Ago } from '@ui/ago';
import { DeviceState, DeviceStatus } from '@ui/device-state';
import { Icon } from '@ui/icon';
import { SearchBox } from '@ui/search-box';
import { listed, MOST_DEVICES, Target } from './asked';
import { CONSENT } from './words';

const SHOWN = 200;
const FOUND = 8;

/** The devices of a request: looked for, or a pasted list of which every line is found, mended or left out knowingly. */
@Component({
  selector: 'cnp-log-targets',
  imports: [Ago, DeviceStatus, Icon, SearchBox],
  templateUrl: './targets.html',
  styleUrl: './targets.scss',
})
export class LogTargets implements OnInit {
  readonly devices = model.required<readonly Target[]>();
  /** Ids of devices that another screen names, with commas; or the id of a selection. */
  readonly postes = input<string>();
  readonly selection = input<string>();
  private readonly api = inject(Api);
  protected readonly way = signal<'search' | 'paste'>('search');
  protected readonly q = signal('');
  protected readonly pasted = signal('');
  protected readonly busy = signal(false);
  protected readonly isOpening = signal(false);
  /** What became of the last list, or why it was refused. */
  protected readonly said = signal('');
  protected readonly refused = signal(false);
  protected readonly unknown = signal<readonly string[]>([]);
  protected readonly ambiguous = signal<readonly Message<'AmbiguousLine'>[]>([]);
  protected readonly duplicates = signal<readonly string[]>([]);
  protected readonly searched = read('/v1/devices', () => (this.q() ? { query: { q: this.q(), limit: FOUND } } : undefined));
  protected readonly results = computed(() => (this.searched.hasValue() ? this.searched.value().items : []).filter((one) => one.state !== 'revoked'));
  protected readonly practices = computed(() => {
    const names = new Map(this.results().map((one) => [one.practice_id, one.practice_name || one.practice_id]));
    return [...names].map(([id, name]) => ({ id, name })).slice(0, 3);
  });
  protected readonly chosen = computed(() => new Set(this.devices().map((one) => one.id)));
  /** Lines of a list that stand for no device yet. */
  readonly open = computed(() => this.unknown().length + this.ambiguous().length);
  protected readonly icons = { Building2, Check, ClipboardList, ListChecks, Plus, Search, X };
  protected readonly consents = CONSENT;
  protected readonly most = SHOWN;
  protected readonly count = count;
  protected readonly listed = listed;

  ngOnInit(): void {
    if ((this.postes() || this.selection()) && !this.devices().length) {
      void this.opened();
    }
  }

  /** Add what these lines stand for; what stands for none, or for several, is asked about. */
  protected async take(lines: readonly string[]): Promise<void> {
    if (this.busy()) {
      return;
    }
    this.busy.set(true);
    this.refused.set(false);
    try {
      this.found(await this.api.post('/v1/log-requests/resolve', { lines }));
    } catch (error) {
      this.refuse(problemOf(error).detail);
    } finally {
      this.busy.set(false);
    }
  }

  protected async resolve(): Promise<void> {
    this.unknown.set([]);
    this.ambiguous.set([]);
    await this.take(this.pasted().split(/\r?\n/));
    if (!this.refused()) {
      this.pasted.set('');
    }
  }

  protected async mend(line: string, mended: string): Promise<void> {
    if (mended.trim()) {
      this.drop(line);
      await this.take([mended]);
    }
  }

  protected pick(line: string, device: Target): void {
    this.drop(line);
    this.add([device]);
  }

  protected drop(line: string): void {
    this.unknown.update((lines) => lines.filter((one) => one !== line));
    this.ambiguous.update((lines) => lines.filter((one) => one.asked !== line));
  }

  protected dropUnknown(): void {
    this.unknown.set([]);
  }

  protected remove(device: Target): void {
    this.devices.update((devices) => devices.filter((one) => one.id !== device.id));
  }

  protected stateOf(one: Target): DeviceState {
    return one.state as DeviceState;
  }

  protected addLabel(name: string): string {
    return $localize`:@@logs.addOne:Ajouter ${name}:name:`;
  }

  protected dropLabel(name: string): string {
    return $localize`:@@logs.dropOne:Retirer ${name}:name:`;
  }

  protected mendLabel(line: string): string {
    return $localize`:@@logs.mendOne:Corriger ${line}:line:`;
  }

  private found(answer: Message<'Resolved'>): void {
    const before = this.devices().length;
    if (!this.add(answer.found)) {
      return;
    }
    this.unknown.update((lines) => [...new Set([...lines, ...answer.not_found])]);
    this.ambiguous.update((lines) => [...lines.filter((one) => !answer.ambiguous.some((other) => other.asked === one.asked)), ...answer.ambiguous]);
    this.duplicates.set(answer.duplicates);
    const [added, known] = [this.devices().length - before, answer.found.length - (this.devices().length - before)];
    const words = added || !known ? $localize`:@@logs.didAdd:Postes ajoutés : ${count(added)}:n:.` : '';
    this.said.set(known ? $localize`:@@logs.didKnow:${words}:words: Déjà visés : ${count(known)}:n:.`.trim() : words);
  }

  /** Add those that are not there; `false`: they would be too many. */
  private add(some: readonly Target[]): boolean {
    const fresh = some.filter((one) => !this.chosen().has(one.id));
    if (this.devices().length + fresh.length > MOST_DEVICES) {
      this.refuse($localize`:@@logs.tooMany:Une demande vise au plus ${count(MOST_DEVICES)}:most: postes : faites-en plusieurs.`);
      return false;
    }
    this.devices.update((devices) => [...devices, ...fresh]);
    return true;
  }

  private refuse(words: string): void {
    this.said.set(words);
    this.refused.set(true);
  }

  private async opened(): Promise<void> {
    this.isOpening.set(true);
    try {
      await this.take(await this.named());
      if (!this.refused()) {
        this.said.set('');
      }
    } catch (error) {
      this.refuse(problemOf(error).detail);
    } finally {
      this.isOpening.set(false);
    }
  }

  private async named(): Promise<readonly string[]> {
    const selection = this.selection();
    if (!selection) {
      return (this.postes() ?? '').split(',');
    }
    const found = await this.api.get('/v1/selections/{selection_id}/condition', { path: { selection_id: selection } });
    return found.condition['value'] as string[];
  }
}

import { Component, computed, inject, input, signal } from '@angular/core';
import { Trash2 } from 'lucide';
import { Api, Message, read } from '@core/api/api';
import { bytes } from '@core/format';
import { lastGood } from '@core/last-good';
import { problemOf } from '@core/problem';
import { Session } from '@core/session';
import { Ago } from '@ui/ago';
import { Icon } from '@ui/icon';
import { Shown, stateOf } from '@ui/shown';
import { Toast } from '@ui/toast';
import { factText } from './columns';
import { families } from './families';

/** What is known of a PC, with the age of each fact; and what people wrote about it. */
@Component({
  selector: 'cnp-summary-tab',
  imports: [Ago, Icon, Shown],
  template: `
    <div class="sides">
      <section class="card" aria-labelledby="facts">
        <div class="card-head"><h2 id="facts" i18n="@@device.facts">Données du poste</h2><span class="muted small" i18n="@@device.first">Sans mention : inchangée depuis l’enrôlement</span></div>
        <cnp-shown name="device-facts" [state]="state()" [problem]="problem()" (retry)="held.reload()" i18n-empty="@@device.noFacts" empty="Ce poste n’a encore rien dit de lui-même.">
          @for (family of groups(); track family.name) {
            <h3>{{ family.label }}</h3>
            <table class="list">
              <thead class="sr"><tr><th scope="col" i18n="@@device.fact">Donnée</th><th scope="col" i18n="@@device.value">Valeur</th><th scope="col" i18n="@@device.changedAt">Modifiée</th></tr></thead>
              <tbody>
                @for (fact of family.facts; track fact.name) {
                  <tr><th scope="row" class="mono">{{ fact.name }}</th><td class="wrap">{{ text(fact) }}</td>
                    <td class="end muted small">@if (fact.changed_at) { <ng-container i18n="@@device.changed">modifiée</ng-container>&ngsp;<cnp-ago [at]="fact.changed_at" /> }</td></tr>
                }
              </tbody>
            </table>
          }
        </cnp-shown>
      </section>
      <section class="card" aria-labelledby="notes">
        <div class="card-head"><h2 id="notes" i18n="@@device.notes">Notes</h2></div>
        <div class="card-body stack">
          @if (session.may('annotate')) {
            <form class="stack" (submit)="$event.preventDefault(); write()">
              <div class="field">
                <label for="note" i18n="@@device.note">Nouvelle note</label>
                <textarea id="note" rows="3" maxlength="2000" [value]="draft()" (input)="draft.set(typed($event))" aria-describedby="note-hint"></textarea>
                <span id="note-hint" class="hint" i18n="@@device.noteHint">Signée de votre nom et datée. Aucune donnée de patient.</span>
                @if (fault()) { <span class="fault" role="alert">{{ fault() }}</span> }
              </div>
              <button type="submit" class="button small write" [disabled]="!draft().trim()" i18n="@@device.writeNote">Ajouter la note</button>
            </form>
          }
          <cnp-shown name="device-notes" [state]="notesState()" [problem]="notesProblem()" [rows]="2" (retry)="written.reload()" i18n-empty="@@device.noNotes" empty="Aucune note.">
            <ul class="plain">
              @for (note of notes(); track note.id) {
                <li>
                  <p class="text">{{ note.text }}</p>
                  <p class="muted small"><b>{{ note.author }}</b> · <cnp-ago [at]="note.at" />
                    @if (note.author === session.login() || session.may('administer')) { <button type="button" class="button quiet icon-only" (click)="remove(note)" i18n-aria-label="@@device.removeNote" aria-label="Supprimer la note"><cnp-icon [icon]="Trash2" [size]="15" /></button> }
                  </p>
                </li>
              }
            </ul>
          </cnp-shown>
        </div>
      </section>
    </div>
  `,
  styles: `
    .sides { display: grid; grid-template-columns: minmax(0, 1.7fr) minmax(280px, 1fr); gap: 14px; align-items: start; }
    @media (max-width: 900px) { .sides { grid-template-columns: minmax(0, 1fr); } }
    h3 { padding: 12px 16px 4px; color: var(--text-2); font-size: 14px; }
    table.list { table-layout: fixed; }
    table.list tbody th { position: static; height: var(--row); padding: 2px 16px; border: 0; border-bottom: 1px solid var(--line); background: none; font-weight: 400; white-space: normal; overflow-wrap: break-word; width: 36%; }
    table.list tbody tr:last-child th { border-bottom: 0; }
    td.wrap { overflow-wrap: anywhere; font-weight: 500; }
    td:last-child { width: 26%; white-space: normal; }
    li { padding: 10px 0; border-top: 1px solid var(--line); }
    li p { display: flex; align-items: center; gap: 5px; }
    li .text { display: block; white-space: pre-wrap; overflow-wrap: anywhere; }
    li button { margin-left: auto; }
    .write { justify-self: start; width: auto; }
  `,
})
export class SummaryTab {
  readonly id = input.required<string>();
  readonly version = input.required<string>();
  private readonly api = inject(Api);
  private readonly toast = inject(Toast);
  protected readonly session = inject(Session);
  protected readonly Trash2 = Trash2;
  protected readonly held = read('/v1/devices/{device_id}/facts', () => {
    this.version();
    return { path: { device_id: this.id() } };
  });
  protected readonly written = read('/v1/devices/{device_id}/notes', () => {
    this.version();
    return { path: { device_id: this.id() }, query: { limit: 50 } };
  });
  private readonly facts = lastGood(this.held);
  private readonly page = lastGood(this.written);
  protected readonly groups = computed(() => families(this.facts()?.facts ?? []));
  protected readonly problem = computed(() => (this.held.error() ? problemOf(this.held.error()) : undefined));
  protected readonly state = computed(() => stateOf(this.facts() && this.groups().length, this.problem()));
  protected readonly notes = computed(() => this.page()?.items ?? []);
  protected readonly notesProblem = computed(() => (this.written.error() ? problemOf(this.written.error()) : undefined));
  protected readonly notesState = computed(() => stateOf(this.page()?.items.length, this.notesProblem()));
  protected readonly draft = signal('');
  protected readonly fault = signal('');

  protected text(fact: Message<'FactView'>): string {
    return fact.name.endsWith('_bytes') && typeof fact.value === 'number' ? bytes(fact.value) : factText(fact.value);
  }

  protected typed(event: Event): string {
    return (event.target as HTMLTextAreaElement).value;
  }

  protected async write(): Promise<void> {
    try {
      await this.api.post('/v1/devices/{device_id}/notes', { text: this.draft() }, { path: { device_id: this.id() } });
      this.draft.set('');
      this.fault.set('');
      this.written.reload();
    } catch (error) {
      this.fault.set(problemOf(error).detail);
    }
  }

  protected async remove(note: Message<'Note'>): Promise<void> {
    try {
      await this.api.delete('/v1/devices/{device_id}/notes/{note_id}', { path: { device_id: this.id(), note_id: note.id } });
      this.toast.say($localize`:@@device.noteRemoved:Note supprimée`);
    } catch (error) {
      this.toast.say(problemOf(error).detail);
    }
    this.written.reload();
  }
}

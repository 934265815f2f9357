import { Component, signal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { Problem } from '@core/problem';
import { Shown, State, stateOf } from './shown';

@Component({
  imports: [Shown],
  template: `<cnp-shown [state]="state()" [problem]="problem()" empty="Aucun poste." failed="La liste n’a pas pu être chargée." right="enrol" (retry)="asked.set('retry')" (clear)="asked.set('clear')"><table></table></cnp-shown>`,
})
class Page {
  readonly state = signal<State>('loading');
  readonly problem = signal<Problem | undefined>(undefined);
  readonly asked = signal('');
}

describe('the state of a list', () => {
  async function shown(state: State, problem?: Problem) {
    const page = TestBed.createComponent(Page);
    page.componentInstance.state.set(state);
    page.componentInstance.problem.set(problem);
    await page.whenStable();
    return { element: page.nativeElement as HTMLElement, page: page.componentInstance };
  }

  it('shows the list only when it is there', async () => {
    expect((await shown('ready')).element.querySelector('table')).not.toBeNull();
    for (const state of ['loading', 'empty', 'filtered-empty', 'error', 'no-right'] as const) {
      expect((await shown(state)).element.querySelector('table')).toBeNull();
    }
  });

  it('says of a failure what failed, why, and offers to try again', async () => {
    const { element, page } = await shown('error', { code: 'network', title: '', status: 0, detail: 'Vérifiez la connexion.' });
    const alert = element.querySelector('[role=alert]');
    expect(alert?.textContent).toContain('La liste n’a pas pu être chargée.');
    expect(alert?.textContent).toContain('Vérifiez la connexion.');
    alert?.querySelector('button')?.click();
    expect(page.asked()).toBe('retry');
  });

  it('never takes « nothing matches » for « nothing there »', async () => {
    const { element, page } = await shown('filtered-empty');
    expect(element.textContent).not.toContain('Aucun poste.');
    element.querySelector('button')?.click();
    expect(page.asked()).toBe('clear');
    expect((await shown('empty')).element.textContent).toContain('Aucun poste.');
  });

  it('names the right that is missing', async () => {
    expect((await shown('no-right')).element.textContent).toContain('« enrol »');
  });

  it('keeps what can no longer be read, says of when it is, and offers to read it again', async () => {
    const busy: Problem = { code: 'busy', title: '', status: 503, detail: '' };
    for (const state of ['ready', 'empty', 'filtered-empty'] as const) {
      const { element, page } = await shown(state, busy);
      expect(element.textContent).toMatch(/Données de \d\d:\d\d : elles n’ont pas pu être relues/);
      expect(element.querySelector('table') !== null).toBe(state === 'ready');
      element.querySelector<HTMLButtonElement>('.banner button')?.click();
      expect(page.asked()).toBe('retry');
    }
    expect((await shown('ready')).element.textContent).not.toContain('Données de');
  });

  it('follows from what is held: a problem hides nothing that was read before', () => {
    const [busy, closed] = [503, 403].map((status): Problem => ({ code: '', title: '', status, detail: '' }));
    expect([stateOf(undefined, undefined), stateOf(undefined, busy), stateOf(undefined, closed)]).toEqual(['loading', 'error', 'no-right']);
    expect([stateOf(3, busy), stateOf(3, undefined), stateOf(0, busy), stateOf(0, undefined, true)]).toEqual(['ready', 'ready', 'empty', 'filtered-empty']);
  });
});

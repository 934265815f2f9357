import { BLANK, FreezeForm, judged } from './freeze-form';
import { freezeSaid, Freeze, heldBy } from './freeze-said';

const form = (change: Partial<FreezeForm>): FreezeForm => ({ ...BLANK, fromDay: '2026-12-24', toDay: '2027-01-03', reason: 'fin d’année', ...change });

describe('a freeze that is being entered', () => {
  it('is days, or times of days', () => {
    expect(judged(form({}))).toEqual({ asked: { from: '2026-12-24', to: '2027-01-03', reason: 'fin d’année', collects: false } });
    expect(judged(form({ isWhole: false, toDay: '2026-12-25', collects: true }))).toEqual({ asked: { from: '2026-12-24T18:00', to: '2026-12-25T08:00', reason: 'fin d’année', collects: true } });
    expect(judged(form({ toDay: '2026-12-24' }))).toHaveProperty('asked');
  });

  it.each([
    [{ fromDay: '' }, 'fromDay'],
    [{ toDay: '24/12/2026' }, 'toDay'],
    [{ toDay: '2026-12-23' }, 'toDay'],
    [{ toDay: '2028-12-24' }, 'toDay'],
    [{ isWhole: false, fromTime: '25:00' }, 'fromTime'],
    [{ isWhole: false, toDay: '2026-12-24', toTime: '17:00' }, 'toTime'],
    [{ isWhole: false, toDay: '2026-12-24', toTime: '18:10' }, 'toTime'],
    [{ reason: '  ' }, 'reason'],
  ])('%j is told at its field', (change, field) => {
    expect(judged(form(change))).toMatchObject({ field });
  });

  it('does not mind the hour that summer time skips', () => {
    expect(judged(form({ isWhole: false, fromDay: '2027-03-28', toDay: '2027-03-28', fromTime: '01:30', toTime: '03:00' }))).toHaveProperty('asked');
  });
});

const freeze = (change: Partial<Freeze>): Freeze => ({ id: '1', from: '2026-12-24', to: '2026-12-26', reason: 'fêtes', collects: false, state: 'ahead', created_by: 'ann', created_at: '2026-11-01T08:00:00Z', begins: '2026-12-23T23:00:00Z', ends: '2026-12-26T23:00:00Z', ...change });

describe('a freeze of the calendar', () => {
  it('is said by its days, the last one too', () => {
    expect(freezeSaid(freeze({}))).toBe('du 24 déc. 2026 au 26 déc. 2026 inclus');
    expect(freezeSaid(freeze({ to: '2026-12-24' }))).toBe('le 24 déc. 2026, toute la journée');
    expect(freezeSaid(freeze({ from: '2026-12-24T18:00', to: '2026-12-25T08:00' }))).toBe('du 24 déc. 2026, 18:00 au 25 déc. 2026, 08:00');
  });

  it('holds what it meets: actions always, collections when it says so', () => {
    const [from, until] = [Date.parse('2026-12-01T00:00Z'), Date.parse('2026-12-25T00:00Z')];
    const all = [freeze({}), freeze({ id: '2', collects: true, begins: '2026-12-02T00:00:00Z', state: 'now' }), freeze({ id: '3', state: 'removed' }), freeze({ id: '4', begins: '2027-01-01T00:00:00Z' })];
    expect(heldBy(all, false, from, until).map((one) => one.id)).toEqual(['2', '1']);
    expect(heldBy(all, true, from, until).map((one) => one.id)).toEqual(['2']);
  });
});

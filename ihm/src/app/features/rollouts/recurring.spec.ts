import { timesOf } from './cron';
import { nextTimes, occurrenceSaid, ONCE, recurrenceFault, recurrenceOf, recurrenceSaid, Repeated, repeatedFault } from './recurring';

const plain = (text: string) => text.replace(/[\u00a0\u202f]/g, ' ');
const held = (change: Partial<Repeated>): Repeated => ({ ...ONCE, spread: undefined, ...change });
const said = (every: string, jitter_s = 0) => plain(recurrenceSaid({ every, jitter_s }));
const THURSDAY = Date.UTC(2026, 10, 26, 12, 0);

describe('a recurrence', () => {
  it('is once, or what each rhythm writes', () => {
    expect(recurrenceOf(held({ rhythm: 'once', spread: 30 }))).toBeNull();
    expect(recurrenceOf(held({ rhythm: 'daily', time: '22:05', spread: 30 }))).toEqual({ every: '5 22 * * *', jitter_s: 1800 });
    expect(recurrenceOf(held({ rhythm: 'workdays' }))?.every).toBe('0 6 * * 1-5');
    expect(recurrenceOf(held({ rhythm: 'weekly', days: ['tue', 'sun'] }))?.every).toBe('0 6 * * 2,7');
    expect(recurrenceOf(held({ rhythm: 'monthly', monthDay: 15 }))?.every).toBe('0 6 15 * *');
    expect(recurrenceOf(held({ rhythm: 'cron', cron: '  0  6 * *   1-5 ' }))?.every).toBe('0 6 * * 1-5');
  });

  it('is said in words, whatever the expression', () => {
    expect(said('0 6 * * 1-5')).toBe('lundi à vendredi, à 06:00');
    expect(said('5 22 * * *', 1800)).toBe('tous les jours, à 22:05, étalé sur 30 min');
    expect(said('0 6 * * 0')).toBe('chaque dimanche, à 06:00');
    expect(said('30 4 1,15 * *')).toBe('le 1er et le 15 de chaque mois, à 04:30');
    expect(said('15 * * * *')).toBe('tous les jours, toutes les heures, à la minute 15');
    expect(said('0 8-18/2 * * 1-5')).toBe('lundi à vendredi, à 08:00, 10:00, 12:00, 14:00, 16:00 et 18:00');
    expect(said('0 8-18 * * 1-5')).toBe('lundi à vendredi, 11 fois par jour, de 08:00 à 18:00');
    expect(said('0 6 1 1,7 *')).toBe('le 1er de chaque mois, en janvier et juillet, à 06:00');
    expect(said('0 6 * * 7,1')).toBe('lundi et dimanche, à 06:00');
    expect(said('@daily')).toBe('@daily');
  });

  it('says which part of it is wrong', () => {
    expect(repeatedFault(held({ rhythm: 'once', time: '' }))).toBeUndefined();
    expect(repeatedFault(held({ rhythm: 'daily', time: '25:00' }))?.at).toBe('time');
    expect(repeatedFault(held({ rhythm: 'weekly', days: [] }))?.at).toBe('days');
    expect(repeatedFault(held({ rhythm: 'monthly', monthDay: NaN }))?.at).toBe('monthDay');
    expect(repeatedFault(held({ rhythm: 'cron', cron: '*/5 * * * *' }))?.at).toBe('cron');
    expect(repeatedFault(held({ rhythm: 'daily', spread: -1 }))?.at).toBe('spread');
  });

  it('spreads over no longer than the shortest time between two occurrences', () => {
    expect(repeatedFault(held({ rhythm: 'daily', spread: 1440 }))).toBeUndefined();
    expect(repeatedFault(held({ rhythm: 'daily', spread: 1441 }))?.at).toBe('spread');
    expect(repeatedFault(held({ rhythm: 'cron', cron: '0 6,8,20 * * *', spread: 120 }))).toBeUndefined();
    expect(repeatedFault(held({ rhythm: 'cron', cron: '0 6,8,20 * * *', spread: 121 }))?.said).toContain('120');
  });

  it('tells its next times, and how many there are', () => {
    const { first, total } = nextTimes({ every: '0 6 * * 1-5', jitter_s: 0 }, THURSDAY, THURSDAY + 30 * 86_400_000, 2);
    expect(first.map(occurrenceSaid)).toEqual(['ven. 27 nov., 06:00', 'lun. 30 nov., 06:00']);
    expect(total).toBe(21);
    expect(occurrenceSaid('2026-11-30T06:00')).toBe('lun. 30 nov., 06:00');
  });

  it('that never comes before the end is a fault; the 31st of a short month is passed over', () => {
    expect(recurrenceFault(held({ rhythm: 'monthly', monthDay: 25 }), THURSDAY, 20)).toContain('avant la fin');
    expect(recurrenceFault(held({ rhythm: 'monthly', monthDay: 25 }), THURSDAY, 30)).toBe('');
    expect(recurrenceFault(held({ rhythm: 'monthly', monthDay: 31 }), THURSDAY, 30)).not.toBe('');
    expect(recurrenceFault(held({ rhythm: 'daily' }), THURSDAY, NaN)).toBe('');
  });

  it('refuses a step of 00, which would never end', () => {
    expect(typeof timesOf('0 */00 * * *')).toBe('string');
  });
});

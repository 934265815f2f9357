import { openHours, PRESETS, spansOfDay, timeOf, weekday, Window, windowFault, windowSaid } from './weekly';

const window = (change: Partial<Window>): Window => ({ days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '20:00', to: '06:00', ...change });

describe('a weekly window', () => {
  it('is said in words, past midnight included', () => {
    expect(windowSaid(window({}))).toBe('lundi à vendredi, de 20:00 à 06:00 le lendemain');
    expect(windowSaid(window({ from: '12:00', to: '14:00', days: ['sun', 'mon'] }))).toBe('lundi et dimanche, de 12:00 à 14:00');
    expect(windowSaid(window({ from: '00:00', to: '00:00', days: ['sat', 'sun'] }))).toBe('samedi et dimanche, toute la journée');
    expect(windowSaid(window({ days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] }))).toContain('tous les jours');
    expect(windowSaid(window({ days: ['mon', 'wed', 'thu'] }))).toContain('lundi, mercredi et jeudi');
  });

  it('lacks a day, or an hour', () => {
    expect(windowFault(window({}))).toBe('');
    expect(windowFault(window({ days: [] }))).toContain('jour');
    expect([windowFault(window({ from: '' })), windowFault(window({ to: '24:00' })), windowFault(window({ from: '7:00' }))].filter(Boolean)).toHaveLength(3);
  });

  it('opens for hours that count once', () => {
    expect(openHours([window({})])).toBe(50);
    expect(openHours([window({}), window({})])).toBe(50);
    expect(openHours([window({ days: ['sun'], from: '22:00', to: '02:00' }), window({ days: ['mon'], from: '01:00', to: '03:00' })])).toBe(5);
    expect(openHours([window({ days: ['sat', 'sun'], from: '00:00', to: '00:00' })])).toBe(48);
  });

  it('takes its times as people type them, and leaves alone what is none', () => {
    expect(['8', '20h', '20h30', ' 7:05 ', '7.30', '23:59'].map(timeOf)).toEqual(['08:00', '20:00', '20:30', '07:05', '07:30', '23:59']);
    expect(['24:00', '25', '8:6', 'minuit', ''].map(timeOf)).toEqual(['24:00', '25', '8:6', 'minuit', '']);
  });

  it('is open on the morning after its night, Monday after Sunday included', () => {
    const night = window({ days: ['sun'], from: '22:00', to: '02:00' });
    expect(spansOfDay([night], 'sun')).toEqual([{ from: 1320, to: 1440 }]);
    expect(spansOfDay([night, window({ days: ['mon'], from: '01:00', to: '03:00' })], 'mon')).toEqual([{ from: 0, to: 180 }]);
  });

  it('of a preset is one that the API takes', () => {
    expect(PRESETS.flatMap((one) => one.windows).map(windowFault)).toEqual(['', '', '']);
  });

  it('opens on the day of the wall, wherever the page is read', () => {
    expect([weekday('2026-11-27T00:30'), weekday('2026-11-27T23:30')]).toEqual(['vendredi', 'vendredi']);
  });
});

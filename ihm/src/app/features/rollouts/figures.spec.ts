import { Figures, gauge } from './figures';

const figures = (change: Partial<Figures>): Figures => ({ name: 'spouleur', max_pct: 4, max_records: null, ran: 200, devices: 2, records: null, obstacle: '', ...change });

describe('a signal beside its limit', () => {
  it.each([
    [2, 'ok', 12.5, 50],
    [8, 'warn', 50, 50],
    [9, 'bad', 56.25, 50],
    [100, 'bad', 100, 8],
  ])('on %i of 200 devices is %s', (devices, tone, part, mark) => {
    expect(gauge(figures({ devices }))).toMatchObject({ tone, part, mark });
  });

  it('whose limit is nothing at all is bad from the first device on', () => {
    expect(gauge(figures({ max_pct: 0, devices: 0 }))).toMatchObject({ tone: 'ok', part: 0, mark: 0 });
    expect(gauge(figures({ max_pct: 0, devices: 1 })).tone).toBe('bad');
  });

  it('invents no figure before the first look, nor where it cannot be judged', () => {
    expect(gauge(figures({ ran: null, devices: null }))).toMatchObject({ tone: 'idle', said: 'Pas encore relevé', part: 0 });
    expect(gauge(figures({ obstacle: 'motif trop lent', ran: null, devices: null })).said).toContain('motif trop lent');
  });

  it('of records counts records, not devices', () => {
    expect(gauge(figures({ max_pct: null, max_records: 50, records: 60, devices: 1 }))).toMatchObject({ tone: 'bad', part: 60, mark: 50 });
  });
});

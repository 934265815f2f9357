import { barsOf } from './chart';

const data = { series: ['online', 'late'], colours: ['--ok-fill', '--warn-fill'], rows: [{ label: '8.2', values: [30, 10] }, { label: '8.1', values: [0, 10] }, { label: '', values: [null, null] }] };

describe('the bars of a chart', () => {
  it('are as long as their totals, the longest one whole', () => {
    const widths = barsOf(data).map(({ parts }) => parts.map(({ width }) => width));
    expect(widths).toEqual([[75, 25], [25], []]);
  });

  it('keep the colour of their series when another one is empty', () => {
    expect(barsOf(data)[1]?.parts[0]?.colour).toBe('var(--warn-fill)');
  });

  it('are drawn for a fleet without devices, and for none', () => {
    expect(barsOf({ ...data, rows: [{ label: '8.2', values: [0, 0] }] })[0]).toMatchObject({ total: 0, parts: [] });
    expect(barsOf(undefined)).toEqual([]);
  });
});

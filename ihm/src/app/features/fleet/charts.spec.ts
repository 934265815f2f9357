import { Message } from '@core/api/api';
import { byState, OTHERS, plainBars, UNKNOWN } from './charts';

const value = (name: string, online: number, late: number) => ({ value: name, devices: online + late, label: '', states: { online, late } });
const facets = {
  total: 100, fleet: 100, at: '',
  facets: {
    state: [{ value: 'online', devices: 60, label: '', states: {} }, { value: 'late', devices: 40, label: '', states: {} }],
    product: [value('8.2', 30, 10), value('8.1', 20, 5), value('', 5, 5)],
  },
} as Message<'Facets'>;

describe('the charts of the fleet', () => {
  it('add up to the fleet, however many values are left out', () => {
    const data = byState(facets, 'product', 3);
    expect(data?.rows.map((row) => row.label)).toEqual(['8.2', '8.1', UNKNOWN]);
    const cut = byState(facets, 'product', 2);
    expect(cut?.rows).toEqual([{ label: '8.2', values: [30, 10, 0] }, { label: OTHERS, values: [30, 30, 0] }]);
    expect(plainBars(facets, 'product', 2)?.rows.at(-1)).toEqual({ label: OTHERS, values: [60] });
  });

  it('are unknown, not empty, before the counts have come', () => {
    expect([byState(undefined, 'product', 3), plainBars(undefined, 'os', 3)]).toEqual([undefined, undefined]);
  });
});

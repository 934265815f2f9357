import { EMPTY, signalFault, SignalRow, signalsOf } from './signal-rows';

const TEST = { fact: 'service.spooler', op: 'eq', value: 'stopped' };
const row = (change: Partial<SignalRow>): SignalRow => ({ ...EMPTY, condition: TEST, ...change });

describe('a signal that is being written', () => {
  it('is sent with one thing that it watches, and one limit', () => {
    expect(signalsOf([row({ name: ' spouleur ', most: 5, condition: { all: [TEST] } }), row({ kind: 'dataset', dataset: 'app_crash', unit: 'records', most: 50 })])).toEqual({
      fault: '',
      signals: [
        { name: 'spouleur', condition: TEST, dataset: '', max_pct: 5, max_records: null },
        { name: '', condition: null, dataset: 'app_crash', max_pct: null, max_records: 50 },
      ],
    });
  });

  it.each([
    [{ condition: undefined }, 'test'],
    [{ kind: 'dataset' as const }, 'jeu de données'],
    [{ most: undefined }, 'pourcentage'],
    [{ most: 100 }, 'pourcentage'],
    [{ most: 2.5 }, 'pourcentage'],
    [{ most: -1 }, 'pourcentage'],
    [{ kind: 'dataset' as const, dataset: 'app_crash', unit: 'records' as const, most: 2e9 }, 'milliard'],
  ])('%j is not whole: it is not sent, and what lacks is said', (change, word) => {
    expect(signalFault(row(change))).toContain(word);
    const written = signalsOf([row({}), row(change)]);
    expect([written.signals.length, written.fault]).toEqual([1, signalFault(row(change))]);
  });

  it('may halt at the very first device', () => {
    expect(signalFault(row({ most: 0 }))).toBe('');
  });
});

import { grouped, outcomeOf, reachedBy, sample, triedOf } from './tried';

type Runs = Parameters<typeof grouped>[0];
const run = (device_id: string, state: string, detail = '') => ({ id: `run of ${device_id}`, device_id, state, code: '', detail, steps: [{ id: 'get', state, effects: [], took_ms: device_id.charCodeAt(0) }], finished_at: device_id });
const devices = ['a', 'b', 'c', 'd'].map((id) => ({ id, hostname: `PC-${id}` }));
const told = (runs: readonly object[]) => grouped(runs as unknown as Runs, devices).map((one) => one.devices.map((device) => device.hostname));

describe('a trial on some devices', () => {
  it('is told once for those on which the same would happen, whatever their names and times', () => {
    expect(told([run('a', 'done'), run('b', 'done'), run('c', 'done', 'other')])).toEqual([['PC-a', 'PC-b'], ['PC-c']]);
  });

  it('tells first where it would fail, then where most devices are alike', () => {
    expect(told([run('a', 'skipped'), run('b', 'done'), run('c', 'done'), run('d', 'failed')])).toEqual([['PC-d'], ['PC-b', 'PC-c'], ['PC-a']]);
  });

  it('names a device that it does not know by its id', () => {
    expect(told([run('01890a5d-ac96-774b', 'done')])).toEqual([['01890a5d']]);
  });

  it('knows every end of a run; one from a newer server is shown as it is', () => {
    expect(['done', 'skipped', 'failed', 'timed_out', 'unknown', 'expired', 'cancelled'].map((state) => outcomeOf(state).word)).not.toContain('');
    expect(outcomeOf('new_state')).toEqual({ word: 'new_state', tone: 'idle' });
  });

  it('takes a sample without taking one twice, and all where there are few', () => {
    expect(sample(['a', 'b', 'c'], 2, () => 0)).toEqual(['a', 'b']);
    expect(sample(['a', 'b', 'c'], 2, () => 0.999)).toEqual(['c', 'b']);
    expect(sample(['a', 'b'], 5, () => 0.5).sort()).toEqual(['a', 'b']);
    expect(sample([], 5)).toEqual([]);
  });

  it('looks among those that the condition reaches, when an address can hold it', () => {
    expect(reachedBy({ fact: 'os.family', op: 'eq', value: 'windows' })).toBe('{"fact":"os.family","op":"eq","value":"windows"}');
    expect(reachedBy({ fact: 'device.id', op: 'in', value: Array.from({ length: 500 }, () => 'x'.repeat(36)) })).toBeUndefined();
  });

  it('is another one with other parameters', () => {
    expect(triedOf({ pipeline: 'a@1', parameters: { n: 1 } })).not.toBe(triedOf({ pipeline: 'a@1', parameters: { n: 2 } }));
  });
});

import told from '../../../../../packages/contract/tests/occurrences.json'; // eslint-disable-line no-restricted-imports -- what the contract is held to
import { after, shortestGap, timesOf } from './cron';

const text = (wall: number) => new Date(wall).toISOString().slice(0, 16);
const read = (every: string) => {
  const times = timesOf(every);
  if (typeof times === 'string') throw new Error(times);
  return times;
};

/** The same file is read by the tests of the contract, whose code decides at the API and on the PC. */
describe('an expression as of cron is read here as the contract reads it', () => {
  it.each(told.comes)('$every after $wall', ({ every, wall, next }) => {
    expect([...after(read(every), Date.parse(`${wall}Z`))].slice(0, 4).map(text)).toEqual(next);
  });

  it.each(told.refused)('« %s » is refused', (every) => {
    expect(typeof timesOf(every)).toBe('string');
  });

  it.each(told.longest_jitter)('$every may be spread over $s s', ({ every, s }) => {
    expect(shortestGap(read(every))).toBe(s);
  });
});

import { Message } from '@core/api/api';
import { newest, sends } from './collections';

const one = (name: string, version: number, changes: object = {}): Message<'PublishedPipeline'> =>
  ({ id: `${name}@${version}`, ref: { name, version }, kind: 'collect', title: name, approval: 'none', state: 'published', published_at: '', ...changes }) as never;

describe('collections that may be asked for', () => {
  it('are the newest published version of each, of those that collect and need no approval', () => {
    const found = newest([one('b', 2), one('b', 10), one('b', 11, { state: 'withdrawn' }), one('a', 1), one('c', 1, { kind: 'action' }), one('d', 1, { approval: 'one' })]);
    expect(found.map((each) => each.id)).toEqual(['a@1', 'b@10']);
  });

  it('send something: one that only looks brings no archive', () => {
    expect(sends({ steps: [{ use: 'collect_hardware' }, { use: 'collect_logs' }] })).toBe(true);
    expect(sends({ steps: [{ use: 'collect_hardware' }] })).toBe(false);
    expect(sends({})).toBe(false);
  });
});

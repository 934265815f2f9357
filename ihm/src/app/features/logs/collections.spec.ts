import { Message } from '@core/api/api';
import { newest } from './collections';

const one = (name: string, version: number, changes: object = {}): Message<'PublishedPipeline'> =>
  ({ id: `${name}@${version}`, ref: { name, version }, kind: 'collect', title: name, approval: 'none', state: 'published', published_at: '', sends_files: true, ...changes }) as never;

describe('collections that may be asked for', () => {
  it('are the newest published version of each, of those that collect and need no approval', () => {
    const found = newest([one('b', 2), one('b', 10), one('b', 11, { state: 'withdrawn' }), one('a', 1), one('c', 1, { kind: 'action' }), one('d', 1, { approval: 'one' })]);
    expect(found.map((each) => each.id)).toEqual(['a@1', 'b@10']);
  });

  it('send files in their newest version: an older one that did is not offered in its place', () => {
    const found = newest([one('looks', 1, { sends_files: false }), one('a', 1), one('a', 2, { sends_files: false }), one('b', 1, { sends_files: false }), one('b', 2)]);
    expect(found.map((each) => each.id)).toEqual(['b@2']);
  });
});

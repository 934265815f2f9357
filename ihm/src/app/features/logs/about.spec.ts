import { ArchiveFile, cutAt, fileName, folderOf, hidden, hiddenSaid, notes, offsetOf, pageOf } from './about';

const file = (about: object): ArchiveFile => ({ path: 'C/app.log', size_bytes: 1, compressed_bytes: 1, modified_at: null, about }) as ArchiveFile;

describe('what is said of a file of an archive', () => {
  it('is nothing when its PC says nothing, or says it in a way that nobody knows', () => {
    expect(notes(file({}))).toEqual([]);
    expect(notes(file({ redacted: ['phone'], is_cut: 0 }))).toEqual([]);
    expect(hidden(null)).toBe(0);
  });

  it('tells what is cut, changed, damaged and hidden', () => {
    expect(notes(file({ is_cut: true, is_changed: true, why: 'its bytes are damaged', redacted: { phone_number: 3 } })).map((one) => one.tone)).toEqual(['warn', 'warn', 'bad', 'info']);
  });

  it('counts what was hidden by kind, the most first, and shows a kind that it does not know', () => {
    expect(hiddenSaid({ phone_number: 2, person_name: 9, odd_kind: 1, none: 0 })).toBe('noms de personnes : 9, numéros de téléphone : 2, odd_kind : 1');
  });

  it('takes the name of a file of either kind of path', () => {
    expect([fileName('C:\\a b\\app.log'), fileName('var/log/app.log'), fileName('app.log')]).toEqual(['app.log', 'app.log', 'app.log']);
    expect(folderOf('var/log/app.log')).toBe('var/log/');
  });
});

describe('lines and what is found in them', () => {
  it('lie on pages that do not depend on where one comes from', () => {
    expect([1, 500, 501, 1_250, 0, -3].map(pageOf)).toEqual([1, 1, 501, 1_001, 1, 1]);
  });

  it('are marked at the right place, after characters that take two places too', () => {
    const text = '🏥 ERROR login';
    const [start, end] = [offsetOf(text, 2), offsetOf(text, 7)];
    expect(cutAt(text, start, end)).toEqual(['🏥 ', 'ERROR', ' login']);
  });
});

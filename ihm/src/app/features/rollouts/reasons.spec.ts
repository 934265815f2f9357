import { reasonOf } from './reasons';

const plain = (text: string) => text.replace(/[\u00a0\u202f]/g, ' ');

describe('why a campaign halted or waits', () => {
  it.each([
    ['failed', { n: 8, of: 80, most_pct: 5 }, '8 exécutions sur 80 ont échoué (10 %) : plus de 5 %'],
    ['silent', { n: 31, of: 100, within_s: 7200, most_pct: 30 }, '31 postes sur 100 n’ont pas répondu en 2 h : plus de 30 %'],
    ['signal_share', { signal: 'spouleur', n: 9, of: 210, most_pct: 2 }, 'signal « spouleur » : 9 postes passés sur 210 (4,3 %), plus de 2 %'],
    ['window', { opens: '2026-11-27T20:00', zone: 'Europe/Paris' }, 'plage fermée : elle s’ouvre vendredi à 20:00 (heure de Europe/Paris)'],
    ['ring_time', { open_s: 480, left_s: 3120 }, 'palier ouvert depuis 8 min, encore 52 min avant le suivant'],
  ])('says %s with its numbers', (reason_code, reason_params, said) => {
    expect(plain(reasonOf({ reason: 'in English', reason_code, reason_params }))).toBe(said);
  });

  it('leaves a code that is newer than the page in the words of the server', () => {
    expect(reasonOf({ reason: 'the moon is full', reason_code: 'moon', reason_params: {} })).toBe('the moon is full');
    expect(reasonOf({ reason: 'said before codes', reason_code: '', reason_params: {} })).toBe('said before codes');
  });
});

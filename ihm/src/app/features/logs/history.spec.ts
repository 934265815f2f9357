import { Message } from '@core/api/api';
import { whatOf } from './history';

const line = (action: string, detail: object): Message<'AuditEntry'> => ({ id: '1', at: '', actor: 'camille', action, object: '', detail, sha256: '' }) as never;

describe('the audit of a log request', () => {
  it('says which archive was opened, and how', () => {
    expect(whatOf(line('logs.open', { how: 'read', hostname: 'ACCUEIL-01' }))).toBe('a ouvert l’archive de ACCUEIL-01');
    expect(whatOf(line('logs.open', { how: 'download', hostname: 'ACCUEIL-01' }))).toContain('téléchargé l’archive de ACCUEIL-01');
    expect(whatOf(line('logs.open', { how: 'zip', archives: [{}, {}] }))).toContain('(2)');
  });

  it('counts what was purged, and shows as it is what it does not know', () => {
    expect(whatOf(line('logs.purge', { archives: 3 }))).toBe('a purgé 3 archive(s)');
    expect(whatOf(line('logs.forwarded', {}))).toBe('logs.forwarded');
  });
});

import { Message } from '@core/api/api';
import { Asked } from './request';
import { reviewOf } from './review-said';
import { USUAL } from './thresholds';

const plain = (text: string) => text.replace(/[\u00a0\u202f]/g, ' ');
const asked = (change: Partial<Asked> = {}): Asked => ({
  pipeline: 'prepare_update@1', parameters: { channel: 'stable' }, condition: { all: [] }, rings: [100, 10_000], pilots: [], rollout: USUAL.rollout,
  windows: [], supersedes: false, through_freezes: false, recurrence: null, after: [], expires_in_s: 30 * 86_400, max_targets: 1_000_000, name: '', reason: '', ...change,
} as Asked);
const found = { total: 1200, fleet: 4812, approvals: 2, ends_by: '2026-12-26T08:00:00Z', rings: [{ up_to_bp: 100, devices: 12, not_before: '2026-11-26T08:00:00Z', online: 9 }, { up_to_bp: 10_000, devices: 1188, not_before: '2026-11-27T08:00:00Z', online: 9 }] } as unknown as Message<'CampaignPreview'>;
const NOW = new Date(2026, 10, 26, 12, 0).getTime();
const said = (request: Asked, isFree = false, preview: typeof found | undefined = found) => reviewOf(request, 'Préparer', preview, isFree, NOW).map((part) => plain(part.lines.join('\n')));

describe('what a campaign will do', () => {
  it('is said with its rings, dates and numbers', () => {
    const [what, who, when, halts, acts] = said(asked({ pilots: ['a', 'b'], rollout: { ...USUAL.rollout, orders_per_min: 50 } }));
    expect(what).toBe('Préparer (prepare_update@1), avec channel = stable.');
    expect(who).toContain('1 200 poste(s) sur 4 812');
    expect(who).toContain('2 poste(s) pilote(s)');
    expect(when).toContain('1 % du parc (12 poste(s)) : dès le démarrage.');
    expect(when).toContain('100 % du parc (1 188 poste(s) de plus) : pas avant le 27 nov. 2026');
    expect(when).toContain('50 ordres par minute');
    expect(halts).toContain('Plus de 5 % d’échecs, jugés à partir de 10 exécutions.');
    expect(acts).toContain('2 approbateurs');
  });

  it('names each signal, by its name or by what it tests', () => {
    const signals = [{ name: '', condition: { all: [{ fact: 'service.spooler', op: 'eq', value: 'stopped' }] }, dataset: '', max_pct: 2, max_records: null }, { name: '', condition: null, dataset: 'app_crash', max_pct: null, max_records: 50 }];
    const halts = said(asked({ rollout: { ...USUAL.rollout, signals } }))[3];
    expect(halts).toContain('Signal « service.spooler eq "stopped" » sur plus de 2 % des postes passés.');
    expect(halts).toContain('Signal « app_crash » : plus de 50 enregistrements.');
  });

  it('says windows instead of any time', () => {
    expect(said(asked())[2]).toContain('À toute heure.');
    const when = said(asked({ windows: [{ days: ['sat'], from: '22:00', to: '04:00' }] }))[2];
    expect(when).toContain('Seulement samedi, de 22:00 à 04:00 le lendemain, à l’horloge de chaque poste.');
    expect(when).not.toContain('À toute heure');
  });

  it('that needs no approval has neither rings, nor thresholds, nor approvers', () => {
    const parts = reviewOf(asked(), 'Collecter', found, true, NOW);
    expect(parts.map((part) => part.title)).not.toContain('Ce qui l’interrompt');
    expect(JSON.stringify(parts)).not.toContain('pprobateurs doivent');
  });

  it('that recurs says how often, when next and how many times; the first ring begins with an occurrence', () => {
    const when = said(asked({ recurrence: { every: '0 6 * * 1-5', jitter_s: 1800 } }))[2];
    expect(when).toContain('Se répète : lundi à vendredi, à 06:00, étalé sur 30 min, à l’heure de chaque cabinet.');
    expect(when).toContain('Prochaine fois : ven. 27 nov., 06:00 ; 21 fois d’ici la fin.');
    expect(when).toContain('dès la première occurrence');
    expect(when).not.toContain('démarrage');
  });

  it('after other pipelines says which, and who would wait', () => {
    const who = said(asked({ after: ['backup', 'prepare_update@3'] }), false, { ...found, lacking: 12 } as typeof found)[1];
    expect(who).toContain('Seulement une fois réussi sur le poste : backup ; prepare_update, version 3 ou plus.');
    expect(who).toContain('Aujourd’hui, 12 poste(s) attendraient.');
    expect(said(asked({ after: ['backup'] }), false, { ...found, lacking: 0 } as typeof found)[1]).not.toContain('attendraient');
  });

  it('of a collection tells whether PCs that come to match have it', () => {
    expect(said(asked(), true)[1]).toContain('ne l’auront pas');
    expect(said(asked({ recurrence: { every: '0 6 * * *', jitter_s: 0 } }), true)[1]).toContain('auront les occurrences d’alors');
    expect(said(asked())[1]).toContain('rejoindront leur palier');
  });

  it('invents no number while none is known', () => {
    expect(said(asked(), false, undefined).join('\n')).not.toMatch(/\b0 poste/);
  });
});

import { addresses, askedOf, byConsent, filled, hasRange, limitFaults, listed, NO_WORDS, Target, USUAL, wordFaults, withoutRange } from './asked';

const pc = (id: string, consent: Target['consent'], practice = 'Cabinet A'): Target =>
  ({ id, hostname: id, practice_id: practice.toUpperCase(), practice_name: practice, state: 'online', last_seen_at: null, consent, asked: id }) as Target;

describe('a log request as it is written', () => {
  it('needs a reason and a ticket that are more than spaces', () => {
    expect(Object.keys(wordFaults({ ...NO_WORDS, reason: '  ', ticket: '\t' }))).toEqual(['ticket', 'reason']);
    expect(wordFaults({ ...NO_WORDS, reason: 'plante', ticket: 'SUP-1' })).toEqual({});
    expect(wordFaults({ ...NO_WORDS, reason: 'x'.repeat(501), ticket: 'SUP-1' }).reason).toBeTruthy();
  });

  it('takes e-mail addresses apart however they are separated, each once', () => {
    expect(addresses(' a@b.fr; c@d.fr,\n a@b.fr ')).toEqual(['a@b.fr', 'c@d.fr']);
    expect(wordFaults({ ...NO_WORDS, reason: 'r', ticket: 't', notify: 'a@b.fr, nobody' }).notify).toBeTruthy();
  });

  it('has budgets that the API takes: in all at least that of one PC, and numbers', () => {
    expect(limitFaults(USUAL)).toEqual({});
    expect(Object.keys(limitFaults({ ...USUAL, eachMb: 100, allMb: 99 }))).toEqual(['allMb']);
    expect(Object.keys(limitFaults({ eachMb: NaN, allMb: NaN, expiresDays: 1.5, keepDays: 0 }))).toEqual(['eachMb', 'allMb', 'expiresDays', 'keepDays']);
    expect(limitFaults({ ...USUAL, expiresDays: 91, keepDays: 366 })).toHaveProperty('keepDays');
  });

  it('sends bytes and seconds, and leaves to the pipeline what nobody filled', () => {
    const asked = askedOf([pc('1', 'ask')], 'logs@1', { days: 3, since: '', size: NaN, deep: false }, { ...USUAL, eachMb: 0.5 }, { ...NO_WORDS, reason: ' r ', ticket: ' t ' });
    expect(asked).toMatchObject({ devices: ['1'], parameters: { days: 3, deep: false }, budget_bytes: 500_000, expires_in_s: 604_800, reason: 'r', ticket: 't' });
    expect(filled({ zero: 0 })).toEqual({ zero: 0 });
  });

  it('asks dates apart only of a pipeline that has both bounds', () => {
    const day = { type: 'string' } as const;
    expect(hasRange({ since: day, until: day })).toBe(true);
    expect(hasRange({ since: day })).toBe(false);
    expect(withoutRange({ since: day, until: day, days: { type: 'integer' } })).toEqual({ days: { type: 'integer' } });
  });
});

describe('what users are asked', () => {
  it('is told practice by practice, the ones that ask most first', () => {
    const groups = byConsent([pc('1', 'none', 'B'), pc('2', 'ask', 'C'), pc('3', 'none', 'A'), pc('4', 'none', 'A')]);
    expect(groups).toEqual([{ consent: 'ask', devices: 1, practices: ['C'] }, { consent: 'none', devices: 3, practices: ['A', 'B'] }]);
  });

  it('names the first practices and counts the others', () => {
    expect(listed(['A', 'B', 'C'], 2)).toBe('A, B et 1 autres');
    expect(listed(['A', 'B'], 2)).toBe('A, B');
  });
});

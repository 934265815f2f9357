import { outcomeOf } from './foreseen';

const effect = { verb: 'run', target: 'a.exe', size_bytes: 0, detail: '' } as const;

describe('a step of a dry run', () => {
  it.each([
    ['done', '', [effect], 'ok', 'réussirait'],
    ['done', '', [], 'idle', 'rien à faire'],
    ['done', undefined, undefined, 'idle', 'rien à faire'],
    ['done', 'dry.foreseen', [effect], 'info', 'la suite dépend de l’exécution'],
    ['failed', 'step.missing', [effect], 'bad', 'échouerait'],
    ['timed_out', 'x', [], 'bad', 'échouerait'],
    ['unknown', 'dry.depends', [], 'warn', 'ne peut être prévue'],
    ['skipped', 'when_false', [], 'idle', 'serait sautée'],
  ] as const)('that is %s, %s, is told', (state, code, effects, tone, label) => {
    expect(outcomeOf({ state, code, effects })).toEqual({ tone, label });
  });
});

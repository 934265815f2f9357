import { commandOf } from './try-out';

describe('the command of a trial', () => {
  it('has its parameters, quoted where a shell would read them otherwise', () => {
    expect(commandOf('a@1', 'ID', {})).toBe('canopee run a@1 --to ID --wait 60');
    expect(commandOf('a@1', 'ID', { channel: 'stable', n: 3, really: true })).toBe('canopee run a@1 --to ID --param channel=stable --param n=3 --param really=true --wait 60');
    expect(commandOf('a@1', 'ID', { path: 'C:\\new', name: "l'an $1" })).toBe("canopee run a@1 --to ID --param 'path=C:\\new' --param 'name=l'\\''an $1' --wait 60");
  });
});

import { Sending } from './sending';

describe('a call that changes something', () => {
  it('is under way until it has ended, and says nothing when it went well', async () => {
    const sending = new Sending();
    let end = (): void => undefined;
    const sent = sending.run(() => new Promise<void>((resolve) => { end = resolve; }));
    expect(sending.busy()).toBe(true);
    end();
    expect(await sent).toBe('');
    expect(sending.busy()).toBe(false);
  });

  it('says what went wrong, and is over then too', async () => {
    const sending = new Sending();
    expect(await sending.run(() => Promise.reject(new Error('cut')))).not.toBe('');
    expect(sending.busy()).toBe(false);
  });
});

import { againSaid, cancelSaid, missing, purgeDeviceSaid, purgeSaid } from './acting';
import { LogDevice, LogRequest, segments } from './words';

const request = (states: Record<string, number>): LogRequest =>
  ({ ticket: 'SUP-1', states, total: Object.values(states).reduce((one, other) => one + other, 0), received_bytes: 2_500_000 }) as LogRequest;

describe('what is said before it is done', () => {
  it('a purge counts what goes, and who will never send', () => {
    const lines = purgeSaid(request({ ready: 3, waiting: 2, sending: 1, failed: 4 })).consequences;
    expect(lines[0]).toContain('3, 2,5');
    expect(lines[1]).toMatch(/: 3\.$/);
    expect(purgeSaid(request({ ready: 3, failed: 4 })).consequences.length).toBe(lines.length - 1);
  });

  it('a cancellation counts who will never send, and what stays', () => {
    const lines = cancelSaid(request({ ready: 3, waiting: 2, sending: 1, failed: 4 })).consequences;
    expect(lines[0]).toContain(': 3, dont 2 ');
    expect(lines[1]).toMatch(/: 3\.$/);
  });

  it('a purge of one PC tells what had come of an archive that is not whole', () => {
    const device = { hostname: 'A', state: 'sending', received_bytes: 10 } as LogDevice;
    expect(purgeDeviceSaid(device).consequences[0]).toContain('n’enverra plus rien');
    expect(purgeDeviceSaid({ ...device, state: 'ready' }).consequences[0]).not.toContain('n’enverra plus rien');
  });

  it('again reaches all, or those that have sent nothing: neither the received nor the purged', () => {
    const one = request({ ready: 3, purged: 2, expired: 4, nothing_found: 1 });
    expect(missing(one)).toBe(5);
    expect(againSaid(one, true).consequences[0]).toContain('vers 5 ');
    expect(againSaid(one, false).consequences[0]).toContain('vers 10 ');
  });
});

describe('the parts of a request', () => {
  it('add up to its PCs, whatever their states', () => {
    const states = { waiting: 1, running: 2, sending: 3, ready: 4, nothing_found: 5, over_budget: 6, refused: 7, failed: 8, expired: 9, purged: 10, cancelled: 11 };
    expect(segments(states).reduce((sum, one) => sum + one.value, 0)).toBe(66);
  });
});

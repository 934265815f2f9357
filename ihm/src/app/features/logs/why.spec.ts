import { LogDevice, LogRequest } from './words';
import { why } from './why';

const request = { budget_bytes: 50_000_000, total_budget_bytes: 5_000_000_000 } as LogRequest;
const device = (state: LogDevice['state'], code = '', detail = ''): LogDevice => ({ state, code, detail }) as LogDevice;

describe('why a PC has sent nothing', () => {
  it('is told from the last part of a code, whoever gave it', () => {
    expect(why(device('refused', 'consent_refused'), request)).toContain('a refusé');
    expect(why(device('refused', 'refused.policy'), request)).toContain('refuse cet ordre');
    expect(why(device('refused', 'step.denied', 'its local policy…'), request)).toContain('politique locale');
  });

  it('says how large an archive was, when the PC says so', () => {
    expect(why(device('over_budget', 'over_budget', '150000000 bytes; the order lets 50000000 leave'), request)).toContain('150');
    expect(why(device('over_budget', 'upload.budget', ''), request)).toContain('50');
  });

  it('leaves to the code what it does not know', () => {
    expect(why(device('failed', 'disk.full'), request)).toBe('');
    expect(why(device('expired'), request)).not.toBe('');
  });
});

import { describe, expect, it } from 'vitest';
import { type DnsResolver, dns01, nodeCrypto, type TxtRecord } from '../../../src/index.ts';
import { codeOf } from '../../support/expect-error.ts';

const challenge = {
  type: 'dns-01',
  identifier: { type: 'dns', value: 'a.example' },
  token: 'evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA',
  keyAuthorization: 'evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA.9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI',
};

class Zone implements DnsResolver {
  readonly cnames = new Map<string, string>();
  readonly records: TxtRecord[] = [];
  resolveTxt = async (name: string) =>
    this.records.filter((each) => each.name === name).map(({ value }) => [value.slice(0, 9), value.slice(9)]);
  resolveCname = async (name: string) => {
    const target = this.cnames.get(name);
    if (target === undefined) throw Object.assign(new Error('none'), { code: 'ENODATA' });
    return [target];
  };
  readonly setTxt = async (record: TxtRecord) => void this.records.push(record);
  readonly removeTxt = async ({ name, value }: TxtRecord) => {
    this.records.splice(
      this.records.findIndex((each) => each.name === name && each.value === value),
      1,
    );
  };
}

describe('dns01', () => {
  it('S4-21: puts the digest of the key authorization where RFC 8555 says, sees it, and takes it away', async () => {
    const zone = new Zone();
    const solver = dns01({ ...zone, setTxt: zone.setTxt, removeTxt: zone.removeTxt, resolver: zone });
    const expected = Buffer.from(
      await nodeCrypto().digest('SHA-256', new TextEncoder().encode(challenge.keyAuthorization)),
    );
    expect(await solver.isReady?.(challenge, {})).toBe(false);
    await solver.present?.(challenge, {});
    expect(zone.records).toEqual([{ name: '_acme-challenge.a.example', value: expected.toString('base64url') }]);
    expect(await solver.isReady?.(challenge, {})).toBe(true);
    await solver.remove?.(challenge, {});
    expect(zone.records).toEqual([]);
    expect(solver.supports?.({ type: 'ip', value: '192.0.2.1' })).toBe(false);
  });

  it('follows CNAMEs into another zone, or goes where a function says', async () => {
    const zone = new Zone();
    const common = { setTxt: zone.setTxt, removeTxt: zone.removeTxt, resolver: zone, propagation: false as const };
    zone.cnames.set('_acme-challenge.a.example', 'a.one.test').set('a.one.test', 'a.two.test');
    await dns01({ ...common, cnameDelegation: true }).present?.(challenge, {});
    await dns01({ ...common, cnameDelegation: (domain) => `${domain}.three.test.` }).present?.(challenge, {});
    expect(zone.records.map(({ name }) => name)).toEqual(['a.two.test', 'a.example.three.test']);
    expect(dns01(common).isReady).toBeUndefined();
    zone.cnames.set('a.two.test', 'a.one.test');
    const looping = dns01({ ...common, cnameDelegation: true });
    expect(await codeOf(Promise.resolve(looping.present?.(challenge, {})))).toBe('ACME_SOLVER_FAILED');
  });

  it('takes a lookup that fails for no answer', async () => {
    const zone = new Zone();
    zone.resolveTxt = () => Promise.reject(new Error('SERVFAIL'));
    const solver = dns01({ setTxt: zone.setTxt, removeTxt: zone.removeTxt, resolver: zone });
    expect(await solver.isReady?.(challenge, {})).toBe(false);
  });

  const nothing = (): Promise<void> => Promise.resolve();
  const refused: readonly object[] = [
    {},
    { setTxt: nothing },
    { setTxt: nothing, removeTxt: nothing, propagation: { timeoutMs: 0 } },
  ];
  it.each(refused)('refuses %j', (options) => {
    expect(() => dns01(options as never)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});

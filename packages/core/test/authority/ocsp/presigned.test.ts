import { describe, expect, it } from 'vitest';
import { type CryptoProvider, nodeCrypto } from '../../../src/index.ts';
import { VirtualClock } from '../../../src/testing/virtual-clock.ts';
import { codeOf } from '../../support/expect-error.ts';
import { onlyAnswer, testOcspRequest } from '../../support/ocsp-client.ts';
import { createTestAuthority, DAY } from '../../support/test-authority.ts';
import { createTestStorage, overriding } from '../../support/test-storage.ts';
import { HOUR, pemOf, request } from './ocsp-scene.ts';

/** An authority whose signatures and readings are counted. */
async function scene(maxStaleMs?: number) {
  const clock = new VirtualClock();
  const stored = createTestStorage(clock);
  const counts = { signatures: 0, readings: 0 };
  const crypto: CryptoProvider = new Proxy(nodeCrypto(), {
    get(target, property) {
      if (property === 'sign') counts.signatures += 1;
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const storage = overriding(stored.storage, {
    get: (refs, options) => {
      counts.readings += 1;
      return stored.storage.get(refs, options);
    },
  });
  const made = await createTestAuthority({
    clock,
    storage,
    crypto,
    ...(maxStaleMs === undefined ? {} : { ocsp: { maxStaleMs } }),
  });
  const { authority, intermediate } = made;
  const { serialNumber } = await authority.issue(request);
  const asked = await testOcspRequest(pemOf(intermediate), { serialNumbers: [serialNumber] });
  await authority.ocsp(asked);
  const spent = async (work: () => Promise<unknown>) => {
    Object.assign(counts, { signatures: 0, readings: 0 });
    await work();
    return [counts.signatures, counts.readings];
  };
  return { ...made, asked, serialNumber, spent };
}

describe('a response to the same request', () => {
  it('is given again without a look for a second, then looked after, and signed once', async () => {
    const { authority, asked, clock, spent } = await scene();
    const first = await authority.ocsp(asked);
    expect(await spent(() => authority.ocsp(asked))).toEqual([0, 0]);
    clock.advance(999);
    expect(await spent(() => authority.ocsp(asked))).toEqual([0, 0]);
    clock.advance(1);
    expect(await spent(() => authority.ocsp(asked))).toEqual([0, 1]);
    expect(await authority.ocsp(asked)).toEqual(first);
    clock.advance(999);
    expect(await spent(() => authority.ocsp(asked))).toEqual([0, 0]);
  });

  it('is signed anew at half of its time', async () => {
    const { authority, asked, clock, spent } = await scene();
    const first = await authority.ocspResponse(asked);
    clock.advance(12 * HOUR - 1_000);
    expect(await spent(() => authority.ocsp(asked))).toEqual([0, 1]);
    clock.advance(1_000);
    expect(await spent(() => authority.ocsp(asked))).toEqual([1, 1]);
    const second = await authority.ocspResponse(asked);
    expect(second.thisUpdate?.getTime()).toBe((first.thisUpdate?.getTime() ?? 0) + DAY / 2);
  });

  it('is judged anew each time where the host wants nothing stale', async () => {
    const { authority, asked, spent } = await scene(0);
    expect(await spent(() => authority.ocsp(asked))).toEqual([0, 1]);
    expect(await spent(() => authority.ocsp(asked))).toEqual([0, 1]);
  });

  it('is not believed fresh when the clock goes back', async () => {
    const { authority, asked, clock, spent } = await scene();
    clock.set(clock.now() - 1);
    expect((await spent(() => authority.ocsp(asked)))[1]).toBe(1);
    clock.set(clock.now() - 10_000);
    const { thisUpdate } = await authority.ocspResponse(asked);
    expect(thisUpdate?.getTime()).toBeLessThanOrEqual(clock.now());
  });

  it('belongs to the caller', async () => {
    const { authority, asked } = await scene();
    const first = await authority.ocsp(asked);
    const kept = first.slice();
    first.fill(0);
    (await authority.ocspResponse(asked)).der.fill(0);
    expect(await authority.ocsp(asked)).toEqual(kept);
  });

  it('is made for a nonce alone, for several certificates and for unknown ones', async () => {
    const { authority, intermediate, serialNumber, spent } = await scene();
    const issuer = pemOf(intermediate);
    const others = [
      await testOcspRequest(issuer, { serialNumbers: [serialNumber], nonce: new Uint8Array(16) }),
      await testOcspRequest(issuer, { serialNumbers: [serialNumber, serialNumber] }),
      await testOcspRequest(issuer, { serialNumbers: ['01'] }),
    ];
    for (const asked of others) {
      await authority.ocsp(asked);
      expect(await spent(() => authority.ocsp(asked))).toEqual([1, 1]);
    }
  });
});

describe('what may be cached by HTTP', () => {
  it('is what answers anyone: no nonce, and no serial number that may yet be given out', async () => {
    const { authority, asked, clock, intermediate, serialNumber } = await scene();
    const thisUpdate = new Date(Math.floor(clock.now() / 1000) * 1000);
    expect(await authority.ocspResponse(asked)).toMatchObject({
      status: 'successful',
      cacheable: true,
      thisUpdate,
      nextUpdate: new Date(thisUpdate.getTime() + DAY),
    });
    await authority.revoke(serialNumber);
    expect(await authority.ocspResponse(asked)).toMatchObject({ cacheable: true });
    const unknown = await testOcspRequest(pemOf(intermediate), { serialNumbers: ['01'] });
    expect(await authority.ocspResponse(unknown)).toMatchObject({ status: 'successful', cacheable: false });
  });
});

describe('a revocation', () => {
  it('shows at once on the instance that made it', async () => {
    const { authority, asked, serialNumber } = await scene(60_000);
    await authority.revoke(serialNumber, { reason: 'certificateHold' });
    expect(onlyAnswer(await authority.ocsp(asked)).status).toBe('revoked');
    await authority.release(serialNumber);
    expect(onlyAnswer(await authority.ocsp(asked)).status).toBe('good');
  });

  it('of the intermediate itself does so too', async () => {
    const { authority, asked, intermediate, root } = await scene(60_000);
    expect(onlyAnswer(await authority.ocsp(asked)).status).toBe('good');
    await root.revokeIntermediate(intermediate.serialNumber as string, { reason: 'keyCompromise' });
    await authority.installRootCrl((await root.crl()).crl.pem);
    expect(onlyAnswer(await authority.ocsp(asked)).status).toBe('revoked');
  });

  it.each([0, 1, 1_000, 60_000])('shows on another within %d ms', async (maxStaleMs) => {
    const { another, asked, clock, serialNumber } = await scene();
    const other = another({ ocsp: { maxStaleMs } });
    expect(onlyAnswer(await other.ocsp(asked)).status).toBe('good');
    await another().revoke(serialNumber);
    clock.advance(maxStaleMs);
    expect(onlyAnswer(await other.ocsp(asked)).status).toBe('revoked');
  });

  it('that comes while an answer is being read is not hidden by it', async () => {
    const clock = new VirtualClock();
    const stored = createTestStorage(clock);
    let meanwhile: (() => Promise<unknown>) | undefined;
    const storage = overriding(stored.storage, {
      get: async (refs, options) => {
        const found = await stored.storage.get(refs, options);
        const act = refs.some(({ collection }) => collection === 'authority_ocsp_responders') ? meanwhile : undefined;
        if (act !== undefined) meanwhile = undefined;
        await act?.();
        return found;
      },
    });
    const { authority, intermediate } = await createTestAuthority({ clock, storage, ocsp: { maxStaleMs: 60_000 } });
    const { serialNumber } = await authority.issue(request);
    const asked = await testOcspRequest(pemOf(intermediate), { serialNumbers: [serialNumber] });
    await authority.ocsp(await testOcspRequest(pemOf(intermediate), { serialNumbers: ['01'] }));
    meanwhile = () => authority.revoke(serialNumber);
    await authority.ocsp(asked);
    expect(onlyAnswer(await authority.ocsp(asked)).status).toBe('revoked');
  });
});

describe('the options', () => {
  it.each([
    { validityHours: 0 },
    { validityHours: 241 },
    { validityHours: Number.NaN },
    { maxStaleMs: -1 },
    { maxStaleMs: 60_001 },
    { maxStaleMs: 0.5 },
    { url: 'ftp://a.example' },
    { url: 7 },
    { other: 1 },
  ])('%o are refused', async (ocsp) => {
    const { another } = await createTestAuthority();
    expect(await codeOf(() => another({ ocsp: ocsp as never }))).toBe('INVALID_ARGUMENT');
  });
});

import { describe, expect, it } from 'vitest';
import { CertificateAuthority, type SignedCrl } from '../../src/index.ts';
import { faultInjector } from '../../src/testing/fault-injector.ts';
import type { FaultKind } from '../../src/testing/fault-plan.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { parseCrl } from '../../src/x509/crl/crl.ts';
import { settled } from '../support/settled.ts';
import { BASE_URL, createTestAuthority, DAY } from '../support/test-authority.ts';
import { publicKeyPem, testKey } from '../support/test-keys.ts';
import { createTestStorage, storageSize } from '../support/test-storage.ts';

// The others are met by the faults of the authority as a whole.
const KINDS = storageSize<readonly FaultKind[]>(['loseRequest', 'loseAnswer', 'landLate'], ['loseAnswer']);
/** From one call that is hit to the next: every one on memory; elsewhere each needs a storage of its own. */
const STRIDE = storageSize(1, 6);

/** An authority with deltas in use; since its last CRLs one certificate was held, one released and one revoked. */
async function scene(seed: number) {
  const clock = new VirtualClock();
  const stored = createTestStorage(clock);
  const made = await createTestAuthority({ clock, storage: stored.another() });
  const publicKey = publicKeyPem(await testKey());
  const requests = Array.from({ length: 4 }, () => ({ subjectAltNames: ['a.example'], publicKey }));
  const results = await made.authority.issueMany(requests);
  const [held, released, revoked, old] = results.map((one) =>
    one.status === 'fulfilled' ? one.value.serialNumber : 'failed',
  ) as [string, string, string, string];
  await made.authority.revoke(released, { reason: 'certificateHold' });
  await made.authority.revoke(old);
  const base = await made.authority.crl();
  await made.authority.crl({ delta: true });
  clock.advance(DAY);
  await made.authority.revoke(held, { reason: 'certificateHold' });
  await made.authority.release(released);
  await made.authority.revoke(revoked, { reason: 'keyCompromise' });
  const faults = faultInjector(stored.storage, { seed });
  const authority = new CertificateAuthority({ storage: faults, keyring: made.keyring, clock, baseUrl: BASE_URL });
  return { clock, judge: made.authority, authority, faults, base, held, released, revoked, old };
}

function reasons({ der }: SignedCrl, serials: readonly string[]): (string | undefined)[] {
  const crl = parseCrl(der);
  return serials.map((serial) => {
    const entry = crl.find(serial);
    return entry && (entry.reason ?? 'unspecified');
  });
}

describe.each(KINDS)('signing CRLs on a storage whose calls meet %s, one after the other', (kind) => {
  it.each([false, true])('ends with the truth in every CRL; delta: %s', { timeout: 120_000 }, async (delta) => {
    for (let skip = 0; ; skip += STRIDE) {
      const { clock, judge, authority, faults, base, held, released, revoked, old } = await scene(skip);
      faults.plan({ kind, skip, times: 2 });
      const { value } = await settled(authority.crl({ delta }));
      const hits = faults.log.length;
      faults.heal();
      await faults.settle();
      const serials = [held, released, revoked, old];
      const inDelta = ['certificateHold', 'removeFromCRL', 'keyCompromise', undefined];
      const inComplete = ['certificateHold', undefined, 'keyCompromise', 'unspecified'];
      if (value !== undefined) expect(reasons(value, serials)).toEqual(delta ? inDelta : inComplete);
      for (const instance of [judge, authority]) {
        const fresh = await instance.crl({ delta: true });
        expect(reasons(fresh, serials)).toEqual(inDelta);
        expect(fresh.baseNumber).toBe(base.number);
        const complete = await instance.crl();
        expect(reasons(complete, serials)).toEqual(inComplete);
        expect(complete.number).toBeGreaterThan(base.number);
      }
      expect(await judge.crl()).toEqual(await authority.crl());
      clock.advance(2 * 3_600_000);
      for (const task of judge.maintenance()) while ((await task.run({ limit: 100 })).more);
      expect(reasons(await judge.crl(), serials)).toEqual(inComplete);
      if (hits === 0) break;
      expect(skip).toBeLessThan(60);
    }
  });
});

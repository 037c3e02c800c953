import { describe, expect, it, vi } from 'vitest';
import { CertificateAuthority, EventLog, LocalKeyring } from '../../../src/index.ts';
import { faultInjector } from '../../../src/testing/fault-injector.ts';
import type { FaultKind } from '../../../src/testing/fault-plan.ts';
import { VirtualClock } from '../../../src/testing/virtual-clock.ts';
import { onlyAnswer, testOcspRequest } from '../../support/ocsp-client.ts';
import { createTestAuthority } from '../../support/test-authority.ts';
import { createTestStorage, overriding, storageSize } from '../../support/test-storage.ts';
import { pastStaleness, pemOf, request, responderOf } from './ocsp-scene.ts';

const KINDS: readonly FaultKind[] = ['refuse', 'loseRequest', 'loseAnswer', 'landLate', 'delay'];
/** From one call that is hit to the next: every call on memory; elsewhere each needs a storage of its own, so every third. */
const STRIDE = storageSize(1, 3);

async function scene(seed: number) {
  const clock = new VirtualClock();
  const stored = createTestStorage(clock);
  const { authority: judge, keyring, intermediate } = await createTestAuthority({ clock, storage: stored.another() });
  const faults = faultInjector(stored.storage, { seed });
  const events = new EventLog({ storage: faults, clock });
  const authority = new CertificateAuthority({ storage: faults, keyring, clock, events });
  const { serialNumber } = await judge.issue(request);
  const asked = await testOcspRequest(pemOf(intermediate), { serialNumbers: [serialNumber] });
  return { authority, asked, clock, faults, intermediate, judge, serialNumber };
}

describe.each(KINDS)('a storage whose calls meet %s, one after the other', (kind) => {
  it('never makes a revoked certificate good, nor the responder two', { timeout: 120_000 }, async () => {
    for (let skip = 0; ; skip += STRIDE) {
      const { authority, asked, faults, judge, serialNumber } = await scene(skip);
      await judge.revoke(serialNumber);
      faults.plan({ kind, skip, times: 2 });
      const { der, status, error } = await authority.ocspResponse(asked);
      const hits = faults.log.length;
      faults.heal();
      await faults.settle();
      if (status === 'successful') expect(onlyAnswer(der).status).toBe('revoked');
      else expect([status, error?.name]).toEqual(['tryLater', expect.stringMatching(/^(Storage|Conflict)Error$/)]);
      // It recovers, and all instances agree on the responder.
      const recovered = await authority.ocsp(asked);
      expect(onlyAnswer(recovered).status).toBe('revoked');
      expect(responderOf(recovered)).toBe(responderOf(await judge.ocsp(asked)));
      const { items } = await judge.list({ limit: 10 });
      expect(items.filter(({ profile }) => profile === 'ocspResponder').length).toBeLessThanOrEqual(1);
      if (hits === 0) break;
      expect(skip).toBeLessThan(40);
    }
  });
});

describe('while the storage does not answer', () => {
  it('what was seen within the bound is given again, and then nothing is good', async () => {
    const { authority, asked, clock, faults } = await scene(1);
    expect(onlyAnswer(await authority.ocsp(asked)).status).toBe('good');
    faults.plan({ kind: 'refuse', skip: 0, times: Number.POSITIVE_INFINITY });
    expect(onlyAnswer(await authority.ocsp(asked)).status).toBe('good');
    pastStaleness(clock);
    expect(await authority.ocspResponse(asked)).toMatchObject({ status: 'tryLater', cacheable: false });
    faults.heal();
    expect(onlyAnswer(await authority.ocsp(asked)).status).toBe('good');
  });

  it('the host is told, by the log and by the result', async () => {
    const { asked, clock, faults } = await scene(1);
    const told: unknown[] = [];
    const error = (...line: unknown[]) => void told.push(line);
    const logger = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error };
    const authority = new CertificateAuthority({ storage: faults, keyring: LocalKeyring.generate(), clock, logger });
    const refused = await authority.ocspResponse(asked);
    expect([refused.status, refused.error?.code]).toEqual(['internalError', 'KEYRING_MISMATCH']);
    expect(told).toEqual([['An OCSP request was not answered', { status: 'internalError', code: 'KEYRING_MISMATCH' }]]);
  });
});

describe('a responder whose stored key is damaged', () => {
  it('is an internal error, until it is revoked and replaced', async () => {
    const clock = new VirtualClock();
    const stored = createTestStorage(clock);
    let damaged = false;
    const storage = overriding(stored.storage, {
      get: async (refs, options) => {
        const found = await stored.storage.get(refs, options);
        return found.map((each) =>
          damaged && each?.collection === 'authority_ocsp_responders' && each.bytes !== undefined
            ? { ...each, version: 'damaged', bytes: each.bytes.with(-1, (each.bytes.at(-1) as number) ^ 1) }
            : each,
        );
      },
    });
    const { authority, intermediate } = await createTestAuthority({ clock, storage });
    const { serialNumber } = await authority.issue(request);
    const asked = await testOcspRequest(pemOf(intermediate), { serialNumbers: [serialNumber] });
    const first = responderOf(await authority.ocsp(asked)) as string;
    damaged = true;
    pastStaleness(clock);
    expect(await authority.ocspResponse(asked)).toMatchObject({
      status: 'internalError',
      error: { code: 'SEAL_OPEN_FAILED' },
    });
    damaged = false;
    await authority.revoke(first);
    expect(onlyAnswer(await authority.ocsp(asked)).status).toBe('good');
  });
});

import { describe, expect, it } from 'vitest';
import { CertificateAuthority, LocalKeyring } from '../../src/index.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { codeOf } from '../support/expect-error.ts';
import { testOcspRequest } from '../support/ocsp-client.ts';
import { createTestAuthority, DAY } from '../support/test-authority.ts';
import { createTestStorage, recordCommits } from '../support/test-storage.ts';

describe('revocationFreshness()', () => {
  it('tells when the first of the CRLs ends, how many are missing, and writes nothing', async () => {
    const clock = new VirtualClock();
    const { storage, commits } = recordCommits(createTestStorage(clock).storage);
    const { authority, intermediate } = await createTestAuthority({ clock, storage, crls: { crlShards: 3 } });
    const before = commits.length;
    const none = { intermediateId: intermediate.id, crls: { total: 3, missing: 3 } };
    expect(await authority.revocationFreshness()).toEqual([none]);
    expect(commits.length).toBe(before);

    const { nextUpdate } = await authority.crl({ shard: 1 });
    clock.advance(DAY);
    await authority.crl({ shard: 0 });
    const held = commits.length;
    clock.advance(30 * DAY);
    expect(await authority.revocationFreshness()).toEqual([{ ...none, crls: { total: 3, missing: 1 }, nextUpdate }]);
    expect(commits.length).toBe(held);
  });

  it('tells of delta CRLs apart, and of the OCSP responder', async () => {
    const { authority, clock, intermediate } = await createTestAuthority();
    const { nextUpdate } = await authority.crl();
    const [before] = await authority.revocationFreshness();
    expect(before).toEqual({ intermediateId: intermediate.id, crls: { total: 1, missing: 0 }, nextUpdate });
    clock.advance(60_000);
    const delta = await authority.crl({ delta: true });
    const { serialNumber } = await authority.issue({ subjectAltNames: ['a.example'] });
    await authority.ocsp(
      await testOcspRequest(intermediate.certificatePem as string, { serialNumbers: [serialNumber] }),
    );
    const [after] = await authority.revocationFreshness();
    expect(after).toMatchObject({ nextUpdate, deltaNextUpdate: delta.nextUpdate });
    expect(after?.responderNotAfter?.getTime()).toBeGreaterThan(clock.now());
  });

  it('leaves out an intermediate that has ended, and has nothing to say before there is one', async () => {
    const { authority, clock, intermediate } = await createTestAuthority();
    clock.set((intermediate.notAfter as Date).getTime() + 1);
    expect(await authority.revocationFreshness()).toEqual([]);
    const { storage } = createTestStorage(clock);
    const empty = new CertificateAuthority({ storage, clock, keyring: LocalKeyring.generate() });
    expect(await empty.revocationFreshness()).toEqual([]);
    expect(await codeOf(empty.revocationFreshness({ signal: AbortSignal.abort() }))).toBe('ABORTED');
  });
});

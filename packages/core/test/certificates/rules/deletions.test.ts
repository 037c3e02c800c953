import { describe, expect, it } from 'vitest';
import { CertificateManager, StorageError } from '../../../src/index.ts';
import { codeOf, rejection } from '../../support/expect-error.ts';
import { documentsOf, expectForgotten, HEAD_START, work } from '../../support/expect-forgotten.ts';
import { createTestAuthority } from '../../support/test-authority.ts';
import { createTestCertificates, DAY } from '../../support/test-certificates.ts';
import { testCsr } from '../../support/test-keys.ts';

const subjectAltNames = ['a.example', 'b.example'];
const down = () => new StorageError('STORAGE_UNAVAILABLE', 'down');

describe('a certificate that is deleted before its issuer knows that it is revoked', () => {
  it('has an answer revoked that its issuer gives only later, and by the same request', async () => {
    const made = createTestCertificates();
    const { certificates, issuer, clock } = made;
    const { id } = await certificates.create({ subjectAltNames });
    const busy = async () => ({ pending: true as const, retryAt: new Date(clock.now() + 2 * HEAD_START) });
    issuer.next(() => Promise.reject(down()), busy, busy);
    await rejection(certificates.renew(id));
    await certificates.revoke(id);
    await certificates.delete(id);
    await work(made, 1);
    expect(await certificates.nextDueAt()).toBe(clock.now() + 2 * HEAD_START);
    await work(made);
    await expectForgotten(made, id, 2);
    const [, asked, ...again] = issuer.requests;
    expect(again).toHaveLength(3);
    for (const each of again) {
      const { replaces, signal: _, ...request } = each;
      const { replaces: __, signal: ___, ...before } = asked!;
      expect(request).toEqual(before);
      expect(replaces).toBe(asked?.replaces);
    }
  });

  it('of an account goes with the account, and is revoked by the request that the real authority knows', async () => {
    const { authority, clock, keyring, storage } = await createTestAuthority();
    let fails = false;
    const issuer = {
      requestCertificate: async (request: Parameters<typeof authority.requestCertificate>[0]) => {
        const answer = await authority.requestCertificate(request);
        if (fails) throw down();
        return answer;
      },
      revokeCertificate: (request: Parameters<typeof authority.revokeCertificate>[0]) =>
        authority.revokeCertificate(request) as unknown as Promise<void>,
    };
    const check = storage;
    await check.open([{ name: 'their_accounts' }]);
    await check.commit([
      { kind: 'put', collection: 'their_accounts', id: 'ann', version: 'v', ifVersion: null, data: {} },
    ]);
    const another = () =>
      new CertificateManager({
        storage,
        keyring,
        clock,
        issuers: { test: issuer },
        nameGuard: () => true,
        accountGuard: async () => ({ kind: 'check', collection: 'their_accounts', id: 'ann', ifVersion: 'v' }),
      });
    const certificates = another();
    const { id } = await certificates.create({ accountId: 'ann', subjectAltNames });
    fails = true;
    await rejection(certificates.renew(id));
    await rejection(certificates.revoke(id));
    expect(await certificates.deleteByAccount('ann')).toBe(1);
    expect(await certificates.deleteByAccount('ann')).toBe(0);
    fails = false;
    await work({ another, clock });
    const records = (await authority.list({ limit: 10 })).items;
    expect(records.map(({ status }) => status)).toEqual(['revoked', 'revoked']);
    expect(await certificates.nextDueAt()).toBeUndefined();
    expect((await documentsOf({ another }, id)).generations).toBe(0);
  });

  it('is revoked for as long as it is valid, and then forgotten, wherever its key is', async () => {
    for (const csr of [undefined, await testCsr({ names: subjectAltNames })]) {
      for (const daysDown of [80, 91]) {
        const made = createTestCertificates();
        const { certificates, issuer, clock } = made;
        const { id } = await certificates.create({ subjectAltNames, ...(csr && { csr }) });
        issuer.onRevoke = () => {
          throw down();
        };
        await rejection(certificates.revoke(id));
        await certificates.delete(id);
        clock.advance(daysDown * DAY);
        if (daysDown === 80) issuer.onRevoke = () => undefined;
        await work(made, 1);
        expect([csr, daysDown, issuer.revoked.size]).toEqual([csr, daysDown, daysDown === 80 ? 1 : 0]);
        expect((await certificates.unsettledRevocations({ limit: 10 })).items).toEqual([]);
        expect(await certificates.nextDueAt()).toBeUndefined();
        expect(await documentsOf(made, id)).toEqual({ generations: 0, keys: 0 });
      }
    }
  });

  it('leaves nothing of an answer that arrives after all is forgotten', async () => {
    const made = createTestCertificates();
    const { certificates, another, issuer } = made;
    const { id } = await certificates.create({ subjectAltNames });
    issuer.next(async (_request, usual) => {
      await another().delete(id);
      return usual();
    });
    expect(await codeOf(certificates.renew(id))).toBe('CERTIFICATE_NOT_FOUND');
    expect(await documentsOf(made, id)).toEqual({ generations: 0, keys: 0 });
  });

  it('is not known to whoever revokes it at that moment, and is revoked', async () => {
    const made = createTestCertificates();
    const { certificates, another, issuer } = made;
    const { id } = await certificates.create({ subjectAltNames });
    await certificates.renew(id, { wait: false });
    issuer.next(async (_request, usual) => {
      await another().delete(id);
      return usual();
    });
    expect(await codeOf(certificates.revoke(id))).toBe('CERTIFICATE_NOT_FOUND');
    await expectForgotten(made, id, 2);
  });
});

import { describe, expect, it } from 'vitest';
import { PolicyError, StorageError } from '../../../src/index.ts';
import { codeOf, rejection } from '../../support/expect-error.ts';
import { expectNoneValid } from '../../support/expect-revoked.ts';
import { settled } from '../../support/settled.ts';
import { createTestCertificates } from '../../support/test-certificates.ts';
import { testCsr } from '../../support/test-keys.ts';

const subjectAltNames = ['a.example', 'b.example'];

describe('a revocation during a renewal', () => {
  it('is not settled by an instance whose issuer cannot revoke', async () => {
    const { certificates, another, issuer, clock } = createTestCertificates();
    const { id } = await certificates.create({ subjectAltNames });
    issuer.onRevoke = () => {
      throw new StorageError('STORAGE_UNAVAILABLE', 'down');
    };
    await rejection(certificates.revoke(id));
    issuer.onRevoke = () => undefined;
    clock.advance(120_000);
    const [job] = await certificates.claimJobs({ queue: 'test', limit: 1, leaseMs: 60_000 });
    const requestCertificate = issuer.requestCertificate.bind(issuer);
    const unable = another({ issuers: { test: { requestCertificate } } });
    expect(await codeOf(unable.renew(job!))).toBe('REVOCATION_UNSUPPORTED');
    expect((await certificates.unsettledRevocations({ limit: 10 })).items).toHaveLength(1);
    expect(await certificates.renew(job!)).toEqual({ outcome: 'skipped' });
    expect(issuer.revoked.size).toBe(1);
    expect((await certificates.unsettledRevocations({ limit: 10 })).items).toHaveLength(0);
  });

  it('ends where the issuer refuses what was asked for, since it gave nothing', async () => {
    const made = createTestCertificates();
    const { certificates, issuer } = made;
    const { id } = await certificates.create({ subjectAltNames });
    await certificates.renew(id, { wait: false });
    issuer.next(() => Promise.reject(new PolicyError([])));
    await certificates.revoke(id);
    await expectNoneValid(made, 1);
  });

  it('revokes also what was not what was asked for, if it is for the key', async () => {
    const made = createTestCertificates();
    const { certificates, issuer } = made;
    const { id } = await certificates.create({ subjectAltNames });
    issuer.next(async (request) => {
      const chainPem = await issuer.sign(request, { names: ['a.example', 'c.example'] });
      issuer.issued.set(request.requestId, chainPem);
      return { chainPem };
    });
    expect(await codeOf(certificates.renew(id))).toBe('ISSUER_ANSWER_REFUSED');
    await certificates.revoke(id);
    await expectNoneValid(made, 2);
  });

  it.each([
    ['nothing', undefined],
    ['no chain', { chainPem: 7 }],
    ['HTML', { chainPem: '<html>' }],
    ['no time to ask again', { pending: true }],
  ])('goes on where the issuer gives %s: nobody knows what it has given', async (_what, answer) => {
    const made = createTestCertificates();
    const { certificates, issuer } = made;
    const { id } = await certificates.create({ subjectAltNames });
    await certificates.renew(id, { wait: false });
    issuer.next(async (_request, usual) => {
      await usual();
      return answer as never;
    });
    expect(await codeOf(certificates.revoke(id))).toBe('ISSUER_ANSWER_REFUSED');
    expect(issuer.revoked.size).toBe(1);
    await certificates.revoke(id);
    await expectNoneValid(made, 2);
  });

  it('asks for nothing that belongs to another key', async () => {
    const made = createTestCertificates();
    const { certificates, issuer } = made;
    const { id } = await certificates.create({ subjectAltNames });
    const [first] = issuer.issued.values();
    await certificates.renew(id, { wait: false });
    issuer.next(async () => ({ chainPem: first as string }));
    await certificates.revoke(id);
    await expectNoneValid(made, 1);
  });

  it('asks once for what turns out to be known by another generation', async () => {
    const made = createTestCertificates();
    const { certificates, issuer } = made;
    const { id, chainPem } = await certificates.create({ subjectAltNames });
    await certificates.renew(id, { rekey: false, wait: false });
    issuer.next(async () => ({ chainPem: chainPem as string }));
    await certificates.revoke(id);
    expect(issuer.requests).toHaveLength(2);
    await expectNoneValid(made, 1);
    const query = { collection: 'certificate_generations', index: 'byCertificate', equals: { certificateId: id } };
    expect((await certificates.storage.query({ ...query, limit: 10 })).documents).toHaveLength(1);
  });

  it('revokes what one request gave though another is still at work, fails, or cannot be revoked', async () => {
    for (const trouble of ['works', 'fails', 'is kept'] as const) {
      const made = createTestCertificates();
      const { certificates, issuer, clock } = made;
      const { id } = await certificates.create({ subjectAltNames });
      const failure = new StorageError('STORAGE_UNAVAILABLE', 'down');
      await certificates.renew(id, { wait: false });
      clock.advance(1_000);
      issuer.next(() => Promise.reject(failure));
      await rejection(certificates.removeName(id, 'b.example'));
      issuer.next(async (_request, usual) => {
        if (trouble === 'works') return { pending: true, retryAt: new Date(clock.now() + 60_000) };
        if (trouble === 'fails') throw failure;
        return usual();
      });
      if (trouble === 'is kept') {
        issuer.onRevoke = () => {
          issuer.onRevoke = () => undefined;
          throw failure;
        };
      }
      const { error } = await settled(certificates.revoke(id));
      expect([trouble, error]).toEqual([trouble, trouble === 'works' ? undefined : failure]);
      expect([trouble, issuer.issued.size, issuer.revoked.size]).toEqual([trouble, trouble === 'is kept' ? 3 : 2, 2]);
      expect(await certificates.nextDueAt()).toBeDefined();
      await certificates.revoke(id);
      await expectNoneValid(made, 3);
    }
  });

  it('asks for no more than the latest of requests that were replaced again and again', async () => {
    const { certificates, issuer } = createTestCertificates();
    const { id } = await certificates.create({ subjectAltNames, csr: await testCsr({ names: subjectAltNames }) });
    const csr = await testCsr({ names: subjectAltNames });
    for (let at = 0; at < 20; at++) await certificates.renew(id, { csr, wait: false });
    await certificates.revoke(id);
    expect(issuer.requests).toHaveLength(1 + 16);
    expect(issuer.revoked.size).toBe(issuer.issued.size);
    expect(await certificates.nextDueAt()).toBeUndefined();
  });
});

import { describe, expect, it } from 'vitest';
import { AcmeError, ChanceryError, PolicyError, StorageError } from '../../../src/index.ts';
import { codeOf, rejection } from '../../support/expect-error.ts';
import { expectNoneValid } from '../../support/expect-revoked.ts';
import { settled } from '../../support/settled.ts';
import { createTestCertificates, DAY } from '../../support/test-certificates.ts';
import { testCsr } from '../../support/test-keys.ts';

const subjectAltNames = ['a.example', 'b.example'];

const acmeRefusal = (type: string) =>
  new AcmeError('ACME_REFUSED', type, {
    problem: { type: type === 'none' ? 'about:blank' : `urn:ietf:params:acme:error:${type}` },
  });

const DENIALS: readonly (readonly [string, Error])[] = [
  ['by its policy', new PolicyError([])],
  ['for its names', acmeRefusal('rejectedIdentifier')],
  ['for its key', acmeRefusal('badCSR')],
  ['since nobody proved a name', new AcmeError('ACME_CHALLENGE_FAILED', 'a.example does not resolve')],
];

const UNTOLD: readonly (readonly [string, Error])[] = [
  ['wants its terms agreed to', acmeRefusal('userActionRequired')],
  ['refuses the account', acmeRefusal('unauthorized')],
  ['does not say why', acmeRefusal('none')],
  ['wants another account', new AcmeError('ACME_EXTERNAL_ACCOUNT_REQUIRED', 'no account')],
  ['cannot read what it was given itself', new ChanceryError('ISSUER_ANSWER_REFUSED', 'no chain')],
];

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

  it.each(DENIALS)(
    'ends where the issuer refuses what was asked for %s, since it gave nothing',
    async (_why, denial) => {
      const made = createTestCertificates();
      const { certificates, issuer } = made;
      const { id } = await certificates.create({ subjectAltNames });
      await certificates.renew(id, { wait: false });
      issuer.next(() => Promise.reject(denial));
      await certificates.revoke(id);
      await expectNoneValid(made, 1);
    },
  );

  it.each(UNTOLD)('goes on where the issuer %s: it may have given something before', async (_why, refusal) => {
    const made = createTestCertificates();
    const { certificates, issuer } = made;
    const { id } = await certificates.create({ subjectAltNames });
    issuer.next(async (_request, usual) => {
      await usual();
      throw new StorageError('STORAGE_UNAVAILABLE', 'down');
    });
    await rejection(certificates.renew(id));
    issuer.next(() => Promise.reject(refusal));
    const { error } = await settled(certificates.revoke(id));
    expect([error, issuer.revoked.size]).toEqual([refusal, 1]);
    expect((await certificates.unsettledRevocations({ limit: 10 })).items).toHaveLength(1);
    await certificates.revoke(id);
    await expectNoneValid(made, 2);
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

  it('leaves what is under way, key and all, to who has the lease by the time of the answer', async () => {
    const { certificates, another, issuer, clock } = createTestCertificates();
    const { id } = await certificates.create({ subjectAltNames });
    await certificates.renew(id, { wait: false });
    clock.advance(120_000);
    const claim = async () => (await another().claimJobs({ queue: 'test', limit: 1, leaseMs: 60_000 }))[0]!;
    const lost = await claim();
    let held = lost;
    issuer.next(async (_request, usual) => {
      clock.advance(60_000);
      held = await claim();
      return usual();
    });
    expect(await certificates.renew(lost)).toEqual({ outcome: 'skipped' });
    expect(await another().renew(held)).toMatchObject({ outcome: 'renewed' });
    expect(await certificates.served('a.example')).toMatchObject({ generation: 2 });
    expect(issuer.issued.size).toBe(2);
  });

  it('asks again when the first of several issuers that are at work says so', async () => {
    const { certificates, another, issuer, clock } = createTestCertificates();
    const { id } = await certificates.create({ subjectAltNames });
    await certificates.renew(id, { wait: false });
    issuer.next(() => Promise.reject(new StorageError('STORAGE_UNAVAILABLE', 'down')));
    await rejection(certificates.removeName(id, 'b.example'));
    const busy = (ms: number) => async () => ({ pending: true as const, retryAt: new Date(clock.now() + ms) });
    issuer.next(busy(7_000_000), busy(3_600_000), busy(3_600_000), busy(7_000_000));
    await certificates.revoke(id);
    clock.advance(120_000);
    const [job] = await another().claimJobs({ queue: 'test', limit: 1, leaseMs: 60_000 });
    expect(await another().renew(job!)).toEqual({ outcome: 'pending', retryAt: clock.now() + 3_600_000 });
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

  it('asks for the same ones, the latest, as long as they are not answered', async () => {
    const { certificates, issuer, clock } = createTestCertificates();
    const csr = await testCsr({ names: subjectAltNames });
    const { id } = await certificates.create({ subjectAltNames, csr });
    for (let at = 0; at < 20; at++) {
      clock.advance(1_000);
      await certificates.renew(id, { csr, wait: false });
    }
    clock.advance(29 * DAY);
    const usual = issuer.requestCertificate.bind(issuer);
    const asked: string[] = [];
    issuer.requestCertificate = async ({ requestId }) => {
      asked.push(requestId);
      throw new StorageError('STORAGE_UNAVAILABLE', 'down');
    };
    await rejection(certificates.revoke(id));
    expect(asked).toHaveLength(16);
    clock.advance(2 * DAY);
    issuer.requestCertificate = usual;
    await certificates.revoke(id);
    expect(issuer.requests.slice(1).map(({ requestId }) => requestId)).toEqual(asked);
    expect((await certificates.unsettledRevocations({ limit: 10 })).items).toEqual([]);
  });
});

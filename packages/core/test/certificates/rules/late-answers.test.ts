import { describe, expect, it } from 'vitest';
import { PolicyError } from '../../../src/index.ts';
import { codeOf } from '../../support/expect-error.ts';
import { expectNoneValid } from '../../support/expect-revoked.ts';
import { createTestCertificates } from '../../support/test-certificates.ts';
import { testCsr } from '../../support/test-keys.ts';

const subjectAltNames = ['a.example', 'b.example'];

describe('a revocation during a renewal', () => {
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
  ])('ends where the issuer gives %s', async (_what, answer) => {
    const made = createTestCertificates();
    const { certificates, issuer } = made;
    const { id } = await certificates.create({ subjectAltNames });
    await certificates.renew(id, { wait: false });
    issuer.next(async () => answer as never);
    await certificates.revoke(id);
    await expectNoneValid(made, 1);
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

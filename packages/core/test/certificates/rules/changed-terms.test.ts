import { describe, expect, it } from 'vitest';
import { AcmeError, StorageError } from '../../../src/index.ts';
import { codeOf } from '../../support/expect-error.ts';
import { createTestCertificates } from '../../support/test-certificates.ts';

const subjectAltNames = ['a.example', 'b.example'];

describe('a renewal on terms that were changed since', () => {
  it('asks on the changed terms, too, where an issuer of somebody’s own has failed in words of its own', async () => {
    const { certificates, issuer } = createTestCertificates();
    const { id } = await certificates.create({ subjectAltNames });
    const usual = issuer.requestCertificate.bind(issuer);
    issuer.requestCertificate = async (request) => {
      const answer = await usual(request);
      if (request.profile === 'wrong') throw new Error('no such profile');
      return answer;
    };
    const renewal = () =>
      certificates.renew(id).then(
        () => 'renewed',
        ({ message }: Error) => message,
      );
    await certificates.update(id, { profile: 'wrong' });
    expect([await renewal(), await renewal()]).toEqual(['no such profile', 'no such profile']);
    await certificates.update(id, { profile: null });
    // What the issuer has had is asked for once more: it may have given it.
    expect([await renewal(), await renewal()]).toEqual(['no such profile', 'renewed']);
    const requests = issuer.requests.map(({ requestId }) => requestId);
    expect(new Set(requests).size).toBe(3);
    // Nobody knows what such an error means: what was given all the same is revoked with the others.
    await certificates.revoke(id).catch(() => undefined);
    issuer.requestCertificate = usual;
    await certificates.revoke(id);
    expect([issuer.issued.size, issuer.revoked.size]).toEqual([3, 3]);
  });

  it('remembers what it no longer asks for where a server has refused the account, and not the request', async () => {
    const { certificates, issuer } = createTestCertificates();
    const { id } = await certificates.create({ subjectAltNames });
    await certificates.renew(id, { wait: false });
    await certificates.update(id, { profile: 'other' });
    const problem = { type: 'urn:ietf:params:acme:error:userActionRequired' };
    issuer.next(async (_request, usual) => {
      await usual();
      throw new AcmeError('ACME_REFUSED', 'agree to the terms', { problem });
    });
    expect(await codeOf(certificates.renew(id))).toBe('ACME_REFUSED');
    await certificates.renew(id);
    expect(new Set(issuer.requests.map(({ requestId }) => requestId)).size).toBe(3);
    await certificates.revoke(id);
    expect([issuer.issued.size, issuer.revoked.size]).toEqual([3, 3]);
  });

  it('keeps what is under way on old terms where nobody but the caller, the network or the storage has ended it', async () => {
    const { certificates, issuer } = createTestCertificates();
    const { id } = await certificates.create({ subjectAltNames });
    await certificates.renew(id, { wait: false });
    await certificates.update(id, { profile: 'other' });
    const caller = new AbortController();
    issuer.next(
      () => Promise.reject(new StorageError('STORAGE_UNAVAILABLE', 'down')),
      () => Promise.reject(new AcmeError('ACME_UNAVAILABLE', 'down')),
      async () => {
        caller.abort();
        throw new DOMException('This operation was aborted', 'AbortError');
      },
    );
    expect(await codeOf(certificates.renew(id))).toBe('STORAGE_UNAVAILABLE');
    expect(await codeOf(certificates.renew(id))).toBe('ACME_UNAVAILABLE');
    await expect(certificates.renew(id, { signal: caller.signal })).rejects.toThrow(DOMException);
    await certificates.renew(id);
    expect(new Set(issuer.requests.slice(1).map(({ requestId }) => requestId)).size).toBe(1);
  });
});

import { describe, expect, it } from 'vitest';
import {
  AcmeError,
  ConflictError,
  InvalidInputError,
  PermissionError,
  PolicyError,
  RateLimitError,
  StorageError,
} from '../../../src/index.ts';
import { codeOf, rejection } from '../../support/expect-error.ts';
import { createTestCertificates, DAY } from '../../support/test-certificates.ts';
import { testCsr } from '../../support/test-keys.ts';

const subjectAltNames = ['a.example'];
const badKey = { type: 'urn:ietf:params:acme:error:badPublicKey', detail: 'the key is on a list' };

const FAILURES: Record<string, Error> = {
  'cannot be reached': new AcmeError('ACME_UNAVAILABLE', 'no answer'),
  'sends what cannot be read': new AcmeError('ACME_PROTOCOL', 'a page of HTML'),
  'has had too many requests': new AcmeError('ACME_RATE_LIMITED', 'later', { retryAfterMs: 60_000 }),
  'has a solver that fails': new AcmeError('ACME_SOLVER_FAILED', 'the DNS is down'),
  'has a storage that fails': new StorageError('STORAGE_UNAVAILABLE', 'down'),
  'is not ready': new ConflictError('AUTHORITY_NOT_READY', 'no intermediate'),
  'is overloaded': new RateLimitError('OVERLOADED', 'later', { retryAfterMs: 1_000 }),
  'fails in a way of its own': new Error('down'),
};

const REFUSALS: Record<string, Error> = {
  'whose policy forbids it': new PolicyError([{ rule: 'r', value: 'v', message: 'never' }]),
  'that finds it malformed': new InvalidInputError('CSR_INVALID', 'malformed'),
  'that does not permit it': new PermissionError('NAME_NOT_PERMITTED', 'not yours'),
  'that knows the id as that of another request': new ConflictError('REQUEST_ID_REUSED', 'another'),
  'that does not take the key': new AcmeError('ACME_REFUSED', 'bad key', { problem: badKey }),
};

const VERDICTS: Record<string, Error> = {
  ...REFUSALS,
  'whose challenge failed': new AcmeError('ACME_CHALLENGE_FAILED', 'a.example does not resolve'),
  'that gave the order up': new AcmeError('ACME_ORDER_FAILED', 'invalid'),
  'that has no way to prove the name': new AcmeError('ACME_NO_SOLVER', 'none'),
};

describe.each(Object.entries(FAILURES))('an issuer that %s', (_, failure) => {
  it('leaves a first issue pending, name and all, with the attempt planned that resumes it', async () => {
    const { certificates, issuer, clock, told } = createTestCertificates();
    issuer.next(() => Promise.reject(failure));
    await expect(certificates.create({ name: 'web', subjectAltNames })).rejects.toBe(failure);
    const pending = await certificates.getByName('web');
    expect(pending).toMatchObject({ state: 'pending', generation: 0 });
    expect(await codeOf(certificates.create({ name: 'web', subjectAltNames }))).toBe('CERTIFICATE_NAME_TAKEN');
    clock.advance(120_000);
    const [job] = await certificates.claimJobs({ queue: 'test', limit: 1, leaseMs: 60_000 });
    expect(await certificates.renew(job!)).toMatchObject({ outcome: 'renewed' });
    expect(new Set(issuer.requests.map(({ requestId }) => requestId)).size).toBe(1);
    expect(await told(pending?.id)).toEqual(['created', 'issued']);
  });

  it('does so for a certificate on demand, which the next that asks resumes', async () => {
    const { certificates, issuer } = createTestCertificates();
    issuer.next(() => Promise.reject(failure));
    await expect(certificates.obtain('a.example')).rejects.toBe(failure);
    expect((await certificates.obtain('a.example'))?.names).toEqual(subjectAltNames);
    expect(new Set(issuer.requests.map(({ requestId }) => requestId)).size).toBe(1);
    expect((await certificates.list({ limit: 10 })).items).toHaveLength(1);
  });
});

describe.each(Object.entries(VERDICTS))('an issuer %s', (_, refusal) => {
  it('ends a first issue that somebody waits for; on demand nothing of it is left', async () => {
    const { certificates, issuer } = createTestCertificates();
    issuer.next(
      () => Promise.reject(refusal),
      () => Promise.reject(refusal),
    );
    expect(await rejection(certificates.obtain('a.example'))).toBe(refusal);
    expect((await certificates.list({ limit: 10 })).items).toEqual([]);
    expect(await rejection(certificates.create({ name: 'web', subjectAltNames }))).toBe(refusal);
    expect((await certificates.list({ limit: 10 })).items).toMatchObject([{ name: 'web', status: 'failed' }]);
    expect(await certificates.getByName('web')).toBeUndefined();
  });
});

describe.each(Object.entries(REFUSALS))('an issuer %s', (_, refusal) => {
  it('is asked for a renewal with another key from then on: the old request would be refused for ever', async () => {
    const { certificates, issuer, clock } = createTestCertificates();
    const { id } = await certificates.create({ subjectAltNames });
    issuer.next(() => Promise.reject(refusal));
    expect(await rejection(certificates.renew(id, { rekey: false }))).toBe(refusal);
    expect(await certificates.get(id)).toMatchObject({ generation: 1, status: 'valid', renewing: false });
    clock.advance(120_000);
    const [job] = await certificates.claimJobs({ queue: 'test', limit: 1, leaseMs: 60_000 });
    expect(await certificates.renew(job!)).toMatchObject({ outcome: 'renewed' });
    const [, refused, next] = issuer.requests;
    expect(next?.requestId).not.toBe(refused?.requestId);
    expect(next?.csrDer).not.toEqual(refused?.csrDer);
  });

  it('asks for another CSR where the key is kept elsewhere', async () => {
    const { certificates, issuer, clock, told } = createTestCertificates();
    const { id } = await certificates.create({ subjectAltNames, csr: await testCsr({}) });
    issuer.next(() => Promise.reject(refusal));
    expect(await rejection(certificates.renew(id, { csr: await testCsr({}) }))).toBe(refusal);
    clock.advance(120_000);
    const [job] = await certificates.claimJobs({ queue: 'test', limit: 1, leaseMs: 60_000 });
    expect(await certificates.renew(job!)).toMatchObject({ outcome: 'skipped' });
    expect((await told(id)).at(-1)).toBe('renewal_required');
  });

  it('ends a first issue that nobody waits for', async () => {
    const { certificates, issuer, clock } = createTestCertificates();
    const { id } = await certificates.create({ subjectAltNames, wait: false });
    clock.advance(120_000);
    const [job] = await certificates.claimJobs({ queue: 'test', limit: 1, leaseMs: 60_000 });
    issuer.next(() => Promise.reject(refusal));
    expect(await rejection(certificates.renew(job!))).toBe(refusal);
    expect((await certificates.get(id)).state).toBe('failed');
  });
});

it('a first issue that nobody waits for is tried again where a challenge failed: the name may only be on its way', async () => {
  const { certificates, issuer, clock } = createTestCertificates();
  const { id } = await certificates.create({ subjectAltNames, wait: false });
  clock.advance(120_000);
  const [job] = await certificates.claimJobs({ queue: 'test', limit: 1, leaseMs: 60_000 });
  issuer.next(() => Promise.reject(new AcmeError('ACME_CHALLENGE_FAILED', 'a.example does not resolve')));
  expect(await codeOf(certificates.renew(job!))).toBe('ACME_CHALLENGE_FAILED');
  expect((await certificates.get(id)).state).toBe('pending');
});

it('no profile is passed on that was not asked for: each issuer has words of its own', async () => {
  const { certificates, issuer } = createTestCertificates();
  const { id } = await certificates.create({ subjectAltNames });
  await certificates.renew(id);
  for (const request of issuer.requests) expect(request).not.toHaveProperty('profile');
});

it('a certificate that is managed already is no answer, and is not asked for again', async () => {
  const { certificates, issuer, clock } = createTestCertificates();
  const first = await certificates.create({ subjectAltNames });
  await certificates.renew(first.id, { rekey: false });
  issuer.next(async () => ({ chainPem: first.chainPem as string }));
  const error = await rejection(certificates.renew(first.id, { rekey: false }));
  expect(error.code).toBe('ISSUER_ANSWER_REFUSED');
  expect(error.message).toContain('managed already');
  expect(await certificates.get(first.id)).toMatchObject({ generation: 2, renewing: false });
  clock.advance(DAY);
  const [job] = await certificates.claimJobs({ queue: 'test', limit: 1, leaseMs: 60_000 });
  expect(await certificates.renew(job!)).toMatchObject({ outcome: 'renewed' });
});

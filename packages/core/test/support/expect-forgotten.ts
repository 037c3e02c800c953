import { X509Certificate } from 'node:crypto';
import { expect } from 'vitest';
import { codeOf } from './expect-error.ts';
import type { TestCertificates } from './test-certificates.ts';

/** For how long whoever began something is left to finish it. */
export const HEAD_START = 120_000;

const derOf = (pem: string) => new X509Certificate(pem).raw.toString('hex');

/** What a scheduler does with everything that is due, as often as it takes. */
export async function work({ another, clock }: Pick<TestCertificates, 'another' | 'clock'>, rounds = 4): Promise<void> {
  const instance = another();
  for (let round = 0; round < rounds; round++) {
    clock.advance(HEAD_START);
    for (const job of await instance.claimJobs({ queue: 'test', limit: 10, leaseMs: 60_000 }))
      await instance.renew(job);
  }
}

/** How many documents there are of the generations of a certificate, and of keys. */
export async function documentsOf({ another }: Pick<TestCertificates, 'another'>, certificateId: string) {
  const judge = another();
  // Opens the collections.
  await judge.list({ limit: 1 });
  const { storage } = judge;
  const generations = { collection: 'certificate_generations', index: 'byCertificate', equals: { certificateId } };
  const keys = { collection: 'certificate_keys', index: 'byAge' };
  const [given, sealed] = await Promise.all([
    storage.query({ ...generations, limit: 1_000 }),
    storage.query({ ...keys, limit: 1_000 }),
  ]);
  return { generations: given.documents.length, keys: sealed.documents.length };
}

/** Every certificate that the issuer has given is revoked, and nothing is left: neither of the certificate nor of its revocation. */
export async function expectForgotten(
  made: Pick<TestCertificates, 'another' | 'issuer'>,
  id: string,
  issued: number,
): Promise<void> {
  const { issuer, another } = made;
  const judge = another();
  expect(issuer.issued.size).toBe(issued);
  expect([...issuer.revoked.keys()].sort()).toEqual([...issuer.issued.values()].map(derOf).sort());
  expect(await judge.nextDueAt()).toBeUndefined();
  expect((await judge.unsettledRevocations({ limit: 10 })).items).toEqual([]);
  expect(await codeOf(judge.get(id))).toBe('CERTIFICATE_NOT_FOUND');
  expect(await documentsOf(made, id)).toEqual({ generations: 0, keys: 0 });
}

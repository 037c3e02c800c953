import { X509Certificate } from 'node:crypto';
import { expect } from 'vitest';
import type { TestCertificates } from './test-certificates.ts';

const derOf = (pem: string) => new X509Certificate(pem).raw.toString('hex');

/** Every certificate that the issuer has ever given is revoked, and nothing is left to be done. */
export async function expectNoneValid({ issuer, certificates }: TestCertificates, issued: number): Promise<void> {
  expect(issuer.issued.size).toBe(issued);
  expect([...issuer.revoked.keys()].sort()).toEqual([...issuer.issued.values()].map(derOf).sort());
  expect(await certificates.nextDueAt()).toBeUndefined();
  const [certificate] = (await certificates.list({ limit: 1 })).items;
  expect(certificate).toMatchObject({ state: 'revoked', active: false, renewing: false, generation: 1 });
  expect(await certificates.served('a.example')).toBeUndefined();
}

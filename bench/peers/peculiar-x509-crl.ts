import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  Extension,
  X509Certificate,
  type X509CrlEntryParams,
  X509CrlGenerator,
  X509CrlReason,
} from '@peculiar/x509';
import { inProcess } from '../harness/contestant.ts';
import type { CrlWorkload } from '../workload/crl-entries.ts';
import type { IssuingCa } from '../workload/issuing-ca.ts';
import { PECULIAR } from './names.ts';

const ECDSA_SHA256 = { name: 'ECDSA', hash: 'SHA-256', namedCurve: 'P-256' };
const CRL_NUMBER = '2.5.29.20';
const crypto = webcrypto as unknown as Crypto;

/** A CRL from entries. It compares every serial number with all before it: time grows with the square of their number. */
export async function peculiarCrl(ca: IssuingCa, work: CrlWorkload) {
  const authority = new X509Certificate(ca.certificatePem);
  const pkcs8 = ca.key.export({ type: 'pkcs8', format: 'der' });
  const signingKey = await crypto.subtle.importKey('pkcs8', pkcs8 as Uint8Array<ArrayBuffer>, ECDSA_SHA256, false, [
    'sign',
  ]);
  const extensions = [
    new Extension(CRL_NUMBER, false, Uint8Array.of(2, 1, 1)),
    await AuthorityKeyIdentifierExtension.create(authority.publicKey, false, crypto),
  ];
  const entries: X509CrlEntryParams[] = work.entries.map(({ serialNumber, revokedAt, reason }) => ({
    serialNumber: Buffer.from(serialNumber).toString('hex'),
    revocationDate: new Date(revokedAt),
    ...(reason === undefined ? {} : { reason: X509CrlReason[reason as keyof typeof X509CrlReason] }),
  }));
  const build = async () => {
    const thisUpdate = new Date();
    const nextUpdate = new Date(thisUpdate.getTime() + 86_400_000);
    const issuer = authority.subjectName;
    const options = { issuer, thisUpdate, nextUpdate, extensions, entries, signingAlgorithm: ECDSA_SHA256, signingKey };
    return new Uint8Array((await X509CrlGenerator.create(options, crypto)).rawData);
  };
  return inProcess(
    PECULIAR,
    async (count) => {
      for (let i = 0; i < count; i++) await build();
    },
    { pace: { count: 1, rounds: 1 }, sample: build },
  );
}

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { signatureAlgorithmFor } from '../../src/crypto/algorithms.ts';
import { nodeCrypto } from '../../src/crypto/node-provider.ts';
import type { KeyAlgorithm, PrivateKey, SignatureAlgorithm } from '../../src/ports/crypto.ts';
import { type Certificate, parseCertificate } from '../../src/x509/certificate/certificate.ts';
import { buildCertificate } from '../../src/x509/certificate/certificate-builder.ts';
import { CertificateTemplate } from '../../src/x509/certificate/certificate-template.ts';
import { encodeBasicConstraints } from '../../src/x509/extensions/basic-constraints.ts';
import { encodeSubjectKeyIdentifier } from '../../src/x509/extensions/key-identifiers.ts';
import { encodeKeyUsage } from '../../src/x509/extensions/key-usage.ts';
import { DistinguishedName } from '../../src/x509/name/distinguished-name.ts';
import { tool } from '../support/tools.ts';

export const crypto = nodeCrypto();

/** A self-signed CA made with the code under test. */
export interface TestCa {
  readonly key: PrivateKey;
  readonly signatureAlgorithm: SignatureAlgorithm;
  readonly subject: DistinguishedName;
  readonly keyIdentifier: Uint8Array;
  readonly certificate: Certificate;
}

export const NOT_BEFORE = new Date('2026-01-01T00:00:00Z');
export const NOT_AFTER = new Date('2055-01-01T00:00:00Z');

export async function makeCa(algorithm: KeyAlgorithm = 'ECDSA-P256', signature?: SignatureAlgorithm): Promise<TestCa> {
  return selfSign(await crypto.generateKey(algorithm), signature);
}

export async function selfSign(key: PrivateKey, signature?: SignatureAlgorithm): Promise<TestCa> {
  const signatureAlgorithm = signature ?? signatureAlgorithmFor(key.publicKey.kind);
  const subject = DistinguishedName.parse('CN=Test Root,O=Example');
  const keyIdentifier = await crypto.digest('SHA-1', key.publicKey.spki);
  const extensions = [
    encodeBasicConstraints({ cA: true }),
    encodeKeyUsage(['keyCertSign', 'cRLSign']),
    encodeSubjectKeyIdentifier(keyIdentifier),
  ];
  const der = await buildCertificate(
    {
      template: new CertificateTemplate({ issuer: subject, signatureAlgorithm, extensions }),
      signingKey: key,
      serialNumber: Uint8Array.of(1),
      notBefore: NOT_BEFORE,
      notAfter: NOT_AFTER,
      subject,
      spki: key.publicKey.spki,
    },
    crypto,
  );
  return { key, signatureAlgorithm, subject, keyIdentifier, certificate: parseCertificate(der) };
}

/**
 * Runs OpenSSL in a folder of its own.
 *
 * @param files what to put there, by name
 * @param runs the arguments of each run
 * @returns what each run wrote
 */
export function openssl(files: Readonly<Record<string, string | Uint8Array>>, ...runs: string[][]): string[] {
  const cwd = mkdtempSync(join(tmpdir(), 'chancery-x509-'));
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(cwd, name), content);
    // stderr is where `req -verify` and `crl -CAfile` report.
    return runs.map((args) =>
      execFileSync('sh', ['-c', '"$0" "$@" 2>&1', tool('openssl'), ...args], { cwd, encoding: 'utf8' }),
    );
  } finally {
    rmSync(cwd, { recursive: true });
  }
}

import { signatureAlgorithmFor } from '../../src/crypto/algorithms.ts';
import { encodePem } from '../../src/encoding/pem.ts';
import { type CrlReason, nodeCrypto, type PrivateKey } from '../../src/index.ts';
import { buildCertificate } from '../../src/x509/certificate/certificate-builder.ts';
import { CertificateTemplate } from '../../src/x509/certificate/certificate-template.ts';
import { buildCrl } from '../../src/x509/crl/crl-builder.ts';
import { type BasicConstraints, encodeBasicConstraints } from '../../src/x509/extensions/basic-constraints.ts';
import type { Extension } from '../../src/x509/extensions/extension.ts';
import { encodeAuthorityKeyIdentifier, encodeSubjectKeyIdentifier } from '../../src/x509/extensions/key-identifiers.ts';
import { encodeKeyUsage, type KeyUsage } from '../../src/x509/extensions/key-usage.ts';
import { keyIdentifier } from '../../src/x509/key-identifier.ts';
import { DistinguishedName } from '../../src/x509/name/distinguished-name.ts';
import { testKey } from './test-keys.ts';

export interface TestCertificateOptions {
  readonly subject?: string;
  readonly issuer?: string;
  readonly signingKey?: PrivateKey;
  /** SubjectPublicKeyInfo, DER; by default the signing key's own. */
  readonly spki?: Uint8Array;
  readonly notBefore?: number;
  readonly notAfter?: number;
  readonly basicConstraints?: BasicConstraints | undefined;
  readonly keyUsage?: readonly KeyUsage[] | undefined;
  readonly subjectKeyIdentifier?: boolean;
  /** By default it is there unless the certificate is self-issued. */
  readonly authorityKeyIdentifier?: boolean;
  readonly extensions?: readonly Extension[];
}

/** Makes a certificate without any judgement, PEM: by default the self-signed one of a CA. */
export async function testCertificate(options: TestCertificateOptions = {}): Promise<string> {
  const {
    subject = 'CN=Foreign Root CA',
    issuer = subject,
    signingKey = await testKey('ECDSA-P384'),
    spki = signingKey.publicKey.spki,
    notBefore = Date.UTC(2025, 0, 1),
    notAfter = Date.UTC(2045, 0, 1),
    basicConstraints = { cA: true },
    keyUsage = ['keyCertSign', 'cRLSign'],
    subjectKeyIdentifier = true,
    authorityKeyIdentifier = issuer !== subject,
    extensions = [],
  } = options;
  const crypto = nodeCrypto();
  const own = [...extensions];
  if (!('basicConstraints' in options) || options.basicConstraints !== undefined)
    own.push(encodeBasicConstraints(basicConstraints));
  if (!('keyUsage' in options) || options.keyUsage !== undefined) own.push(encodeKeyUsage(keyUsage));
  if (authorityKeyIdentifier) {
    const issuerKey = await keyIdentifier(signingKey.publicKey.spki, crypto);
    own.push(encodeAuthorityKeyIdentifier({ keyIdentifier: issuerKey }));
  }
  if (subjectKeyIdentifier) own.push(encodeSubjectKeyIdentifier(await keyIdentifier(spki, crypto)));
  const signatureAlgorithm = signatureAlgorithmFor(signingKey.publicKey.kind);
  const der = await buildCertificate(
    {
      template: new CertificateTemplate({ issuer: DistinguishedName.parse(issuer), signatureAlgorithm }),
      signingKey,
      serialNumber: crypto.randomBytes(8).with(0, 1),
      notBefore: new Date(notBefore),
      notAfter: new Date(notAfter),
      subject: DistinguishedName.parse(subject),
      spki,
      extensions: own,
    },
    crypto,
  );
  return encodePem('CERTIFICATE', der);
}

export interface TestCrlOptions {
  readonly issuer?: string;
  readonly signingKey?: PrivateKey;
  readonly number: number;
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  readonly revoked?: readonly { readonly serialNumber: string; readonly reason?: CrlReason }[];
  readonly extensions?: readonly Extension[];
}

/** Makes a CRL without any judgement, DER. */
export async function testCrl(options: TestCrlOptions): Promise<Uint8Array> {
  const {
    issuer = 'CN=Foreign Root CA',
    signingKey = await testKey('ECDSA-P384'),
    revoked = [],
    extensions = [],
  } = options;
  return buildCrl(
    {
      issuer: DistinguishedName.parse(issuer),
      signatureAlgorithm: signatureAlgorithmFor(signingKey.publicKey.kind),
      signingKey,
      number: BigInt(options.number),
      thisUpdate: new Date(options.thisUpdate),
      nextUpdate: new Date(options.nextUpdate),
      entries: revoked.map((entry) => ({ ...entry, revokedAt: options.thisUpdate })),
      extensions,
    },
    nodeCrypto(),
  );
}

import { X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { fromHex } from '../../src/encoding/hex.ts';
import type { PrivateKey } from '../../src/ports/crypto.ts';
import { type Certificate, parseCertificate } from '../../src/x509/certificate/certificate.ts';
import { buildCertificate } from '../../src/x509/certificate/certificate-builder.ts';
import { CertificateTemplate } from '../../src/x509/certificate/certificate-template.ts';
import { parseCrl } from '../../src/x509/crl/crl.ts';
import { buildCrl } from '../../src/x509/crl/crl-builder.ts';
import { parseCsr } from '../../src/x509/csr/csr.ts';
import { createCsr } from '../../src/x509/csr/csr-builder.ts';
import { encodeSubjectAltName } from '../../src/x509/extensions/alternative-names.ts';
import { encodeAuthorityInfoAccess } from '../../src/x509/extensions/authority-info-access.ts';
import { encodeCertificatePolicies } from '../../src/x509/extensions/certificate-policies.ts';
import { encodeCrlDistributionPoints } from '../../src/x509/extensions/crl-distribution-points.ts';
import { encodeExtendedKeyUsage } from '../../src/x509/extensions/extended-key-usage.ts';
import { encodeAuthorityKeyIdentifier } from '../../src/x509/extensions/key-identifiers.ts';
import { encodeNameConstraints } from '../../src/x509/extensions/name-constraints.ts';
import { encodeNoRevAvail } from '../../src/x509/extensions/revocation-hints.ts';
import { DistinguishedName } from '../../src/x509/name/distinguished-name.ts';
import type { GeneralName } from '../../src/x509/name/general-name.ts';
import { isTextTag } from '../../src/x509/name/name-value.ts';
import { seed } from '../support/soak.ts';
import { FUZZ_ITERATIONS, type FuzzTarget, fuzz } from './fuzz.ts';
import { crypto, NOT_AFTER, NOT_BEFORE, selfSign, type TestCa } from './pki.ts';

const SEED = seed(20_260_801);
// RFC 8410 section 10.3: a key in the open, whose deterministic signatures make the corpus the same in every run.
const PKCS8 = '302e020100300506032b657004220420d4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f44755842';
const subject = DistinguishedName.parse('CN=a.example+UID=7,OU=Ärger,O=Example,C=DE');
const names: GeneralName[] = [
  { kind: 'dns', value: '*.a.example' },
  { kind: 'ip', value: '2001:db8::1' },
  { kind: 'uri', value: 'spiffe://example/a' },
  { kind: 'email', value: 'a@a.example' },
  { kind: 'directoryName', value: subject },
  { kind: 'otherName', type: '1.3.6.1.4.1.311.20.2.3', value: fromHex('0c0161') },
  { kind: 'registeredId', value: '1.2.3.4' },
];
let key: PrivateKey;
let ca: TestCa;

beforeAll(async () => {
  key = await crypto.importPrivateKey(fromHex(PKCS8));
  ca = await selfSign(key);
});

async function richCertificate(): Promise<Uint8Array> {
  const extensions = [
    encodeAuthorityKeyIdentifier({
      keyIdentifier: ca.keyIdentifier,
      authorityCertIssuer: [{ kind: 'directoryName', value: subject }],
      authorityCertSerialNumber: '0102',
    }),
    encodeExtendedKeyUsage(['serverAuth', '1.2.3.4']),
    encodeCrlDistributionPoints(['http://crl.example/1.crl']),
    encodeAuthorityInfoAccess({ ocsp: ['http://ocsp.example'], caIssuers: ['http://ca.example'] }),
    encodeCertificatePolicies([
      '2.23.140.1.2.1',
      { policyIdentifier: '1.2.3.4', qualifiers: [{ kind: 'cps', uri: 'http://cps.example' }] },
    ]),
    encodeNameConstraints({
      permitted: [{ kind: 'dns', value: 'example' }],
      excluded: [{ kind: 'ip', value: '10.0.0.0/8' }],
    }),
    encodeNoRevAvail(),
    encodeSubjectAltName(names, true),
  ];
  return buildCertificate(
    {
      template: new CertificateTemplate({ issuer: subject, signatureAlgorithm: 'Ed25519' }),
      signingKey: key,
      serialNumber: fromHex('80010203'),
      notBefore: NOT_BEFORE,
      notAfter: NOT_AFTER,
      subject,
      spki: key.publicKey.spki,
      extensions,
    },
    crypto,
  );
}

/** Reads everything that a certificate offers, so that nothing lazy is left out. */
function readAll(certificate: Certificate): string {
  return [certificate.issuer, certificate.subject, certificate.notAfter.getTime(), certificate.toPem()].join();
}

const targets: [string, () => Promise<FuzzTarget>][] = [
  [
    'parseCertificate',
    async () => ({
      corpus: [await richCertificate(), ca.certificate.der],
      read: (input) => void readAll(parseCertificate(input)),
    }),
  ],
  [
    'parseCsr',
    async () => ({
      corpus: [
        await createCsr({
          subject,
          key,
          subjectAltNames: names,
          extensions: [encodeExtendedKeyUsage(['clientAuth'])],
          crypto,
        }),
        await createCsr({ subject, key, crypto }),
      ],
      read: (input) => void [parseCsr(input).subject].join(),
    }),
  ],
  [
    'parseCrl',
    async () => {
      const contents = { issuer: subject, signatureAlgorithm: 'Ed25519', signingKey: key, number: 7n } as const;
      const dates = { thisUpdate: NOT_BEFORE, nextUpdate: NOT_AFTER, authorityKeyIdentifier: ca.keyIdentifier };
      const revokedAt = NOT_BEFORE.getTime();
      const entries = [
        { serialNumber: '01', revokedAt },
        { serialNumber: '80aabbcc', revokedAt, reason: 'keyCompromise' },
        { serialNumber: '02', revokedAt, invalidityDate: revokedAt },
        { serialNumber: '03', revokedAt, reason: 'certificateHold', invalidityDate: revokedAt },
      ] as const;
      const read = (input: Uint8Array) => {
        const crl = parseCrl(input);
        // Iterating reads the extensions of each entry a second time, which the bound on headers has room for.
        for (const { serialNumber } of [...crl.entries()]) {
          if (crl.find(serialNumber) === undefined) throw new Error(`Entry ${serialNumber} is not found`);
        }
      };
      return {
        corpus: [
          await buildCrl({ ...contents, ...dates, entries }, crypto),
          await buildCrl({ ...contents, ...dates, entries: [] }, crypto),
        ],
        read,
      };
    },
  ],
];

/** X.501 lets a name hold values of any kind (AttributeValue is ANY); OpenSSL takes strings alone. */
function namesHoldOnlyText({ issuer, subject }: Certificate): boolean {
  return [...issuer.rdns, ...subject.rdns].flat().every(({ encoded }) => isTextTag(encoded[0] as number));
}

describe(`with seed ${SEED}, ${FUZZ_ITERATIONS} mutations`, () => {
  it.each(targets)(
    '%s gives a value or a coded error, within the bound',
    async (_, target) => {
      const { accepted, refused } = fuzz(await target(), FUZZ_ITERATIONS, SEED);
      // A harness that accepts or refuses everything would show nothing.
      expect(accepted).toBeGreaterThan(FUZZ_ITERATIONS / 100);
      expect([...refused.values()].reduce((sum, count) => sum + count, 0)).toBeGreaterThan(FUZZ_ITERATIONS / 4);
    },
    3_600_000,
  );

  it('what parseCertificate accepts, OpenSSL reads with the same serial number and notAfter', async () => {
    let compared = 0;
    const read = (input: Uint8Array) => {
      const certificate = parseCertificate(input);
      if (!namesHoldOnlyText(certificate)) return;
      const openssl = new X509Certificate(input);
      compared++;
      // OpenSSL prints zero with one digit.
      if (BigInt(`0x${openssl.serialNumber}`) !== BigInt(`0x${certificate.serialNumber}`)) {
        throw new Error(`Serial numbers ${openssl.serialNumber} and ${certificate.serialNumber} differ`);
      }
      if (new Date(openssl.validTo).getTime() !== certificate.notAfter.getTime()) {
        throw new Error(`${openssl.validTo} and ${certificate.notAfter.toISOString()} differ`);
      }
    };
    fuzz({ corpus: [await richCertificate(), ca.certificate.der], read }, Math.min(FUZZ_ITERATIONS, 100_000), SEED + 1);
    expect(compared).toBeGreaterThan(100);
  }, 600_000);
});

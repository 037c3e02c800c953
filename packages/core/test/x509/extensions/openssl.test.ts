import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toHex } from '../../../src/encoding/hex.ts';
import { type Certificate, parseCertificate } from '../../../src/x509/certificate/certificate.ts';
import {
  decodeIssuerAltName,
  decodeSubjectAltName,
  encodeIssuerAltName,
  encodeSubjectAltName,
} from '../../../src/x509/extensions/alternative-names.ts';
import {
  decodeAuthorityInfoAccess,
  encodeAuthorityInfoAccess,
} from '../../../src/x509/extensions/authority-info-access.ts';
import { decodeBasicConstraints, encodeBasicConstraints } from '../../../src/x509/extensions/basic-constraints.ts';
import {
  decodeCertificatePolicies,
  encodeCertificatePolicies,
} from '../../../src/x509/extensions/certificate-policies.ts';
import {
  decodeCrlDistributionPoints,
  encodeCrlDistributionPoints,
} from '../../../src/x509/extensions/crl-distribution-points.ts';
import { decodeExtendedKeyUsage, encodeExtendedKeyUsage } from '../../../src/x509/extensions/extended-key-usage.ts';
import { type Extension, findExtension } from '../../../src/x509/extensions/extension.ts';
import type { ExtensionName } from '../../../src/x509/extensions/extension-oids.ts';
import {
  decodeAuthorityKeyIdentifier,
  decodeSubjectKeyIdentifier,
  encodeAuthorityKeyIdentifier,
  encodeSubjectKeyIdentifier,
} from '../../../src/x509/extensions/key-identifiers.ts';
import { decodeKeyUsage, encodeKeyUsage } from '../../../src/x509/extensions/key-usage.ts';
import { decodeNameConstraints, encodeNameConstraints } from '../../../src/x509/extensions/name-constraints.ts';
import {
  decodeInhibitAnyPolicy,
  decodePolicyConstraints,
  decodePolicyMappings,
} from '../../../src/x509/extensions/policy-constraints.ts';
import {
  decodeNoRevAvail,
  decodeOcspNoCheck,
  encodeNoRevAvail,
  encodeOcspNoCheck,
} from '../../../src/x509/extensions/revocation-hints.ts';
import { formatGeneralName, parseGeneralNameText, parseSubtreeText } from '../../../src/x509/name/general-name.ts';
import { tool } from '../../support/tools.ts';

const CONFIGURATION = `
[req]
distinguished_name = dn
prompt = no
x509_extensions = all
[dn]
CN = everything
[all]
basicConstraints = critical, CA:TRUE, pathlen:3
keyUsage = critical, digitalSignature, keyCertSign, cRLSign, decipherOnly
extendedKeyUsage = serverAuth, clientAuth, codeSigning, emailProtection, timeStamping, OCSPSigning, 1.3.6.1.4.1.311.10.3.4
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always, issuer:always
subjectAltName = DNS:a.example, DNS:*.b.example, IP:10.0.0.1, IP:2001:db8::1, email:a@b.example, URI:spiffe://td/x, RID:1.2.3.4, dirName:dn, otherName:1.3.6.1.4.1.311.20.2.3;UTF8:a@b
issuerAltName = DNS:issuer.example
crlDistributionPoints = point, other
authorityInfoAccess = OCSP;URI:http://ocsp.example/, caIssuers;URI:http://ca.example/ca.der, 1.3.6.1.5.5.7.48.3;URI:http://ts.example/
certificatePolicies = 1.2.3.4, @policy
policyMappings = 1.2.3.4:1.2.3.5
policyConstraints = requireExplicitPolicy:3, inhibitPolicyMapping:0
inhibitAnyPolicy = 2
nameConstraints = critical, permitted;DNS:example.com, permitted;IP:10.0.0.0/255.0.0.0, permitted;IP:2001:db8::/ffff:ffff::, permitted;dirName:dn, excluded;email:.evil.example, excluded;URI:.evil.example
noCheck = ignored
2.5.29.56 = DER:05:00
1.2.3.4.5 = ASN1:UTF8String:unknown
[point]
fullname = URI:http://crl.example/a.crl, URI:http://crl.example/b.crl
reasons = keyCompromise, AACompromise
CRLissuer = dirName:dn
[other]
fullname = URI:http://crl.example/c.crl
[policy]
policyIdentifier = 1.2.3.5
CPS.1 = http://cps.example/
userNotice.1 = @notice
[notice]
explicitText = UTF8:Trust is earned
organization = Example
noticeNumbers = 1, 2
`;

let folder: string;
let certificate: Certificate;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'chancery-extensions-'));
  writeFileSync(join(folder, 'all.cnf'), CONFIGURATION);
  const request = [
    'req',
    '-x509',
    '-new',
    '-newkey',
    'ed25519',
    '-nodes',
    '-keyout',
    'key.pem',
    '-config',
    'all.cnf',
    '-days',
    '1',
  ];
  certificate = parseCertificate(
    execFileSync(tool('openssl'), request, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] }).toString(),
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

const contentOf = (name: ExtensionName): Uint8Array => {
  const extension = findExtension(certificate.extensions, name);
  if (extension === undefined) throw new Error(`OpenSSL wrote no ${name}`);
  return extension.value;
};

describe('what OpenSSL encodes', () => {
  it.each<[ExtensionName, (value: Uint8Array) => unknown, unknown]>([
    ['basicConstraints', decodeBasicConstraints, { cA: true, pathLenConstraint: 3 }],
    ['keyUsage', decodeKeyUsage, ['digitalSignature', 'keyCertSign', 'cRLSign', 'decipherOnly']],
    [
      'extKeyUsage',
      decodeExtendedKeyUsage,
      [
        'serverAuth',
        'clientAuth',
        'codeSigning',
        'emailProtection',
        'timeStamping',
        'ocspSigning',
        '1.3.6.1.4.1.311.10.3.4',
      ],
    ],
    ['issuerAltName', decodeIssuerAltName, [{ kind: 'dns', value: 'issuer.example' }]],
    [
      'authorityInfoAccess',
      decodeAuthorityInfoAccess,
      {
        ocsp: ['http://ocsp.example/'],
        caIssuers: ['http://ca.example/ca.der'],
        other: [{ method: '1.3.6.1.5.5.7.48.3', location: { kind: 'uri', value: 'http://ts.example/' } }],
      },
    ],
    [
      'certificatePolicies',
      decodeCertificatePolicies,
      [
        { policyIdentifier: '1.2.3.4' },
        {
          policyIdentifier: '1.2.3.5',
          qualifiers: [
            { kind: 'cps', uri: 'http://cps.example/' },
            {
              kind: 'userNotice',
              noticeRef: { organization: 'Example', noticeNumbers: [1, 2] },
              explicitText: 'Trust is earned',
            },
          ],
        },
      ],
    ],
    ['policyMappings', decodePolicyMappings, [{ issuerDomainPolicy: '1.2.3.4', subjectDomainPolicy: '1.2.3.5' }]],
    ['policyConstraints', decodePolicyConstraints, { requireExplicitPolicy: 3, inhibitPolicyMapping: 0 }],
    ['inhibitAnyPolicy', decodeInhibitAnyPolicy, 2],
    ['noRevAvail', decodeNoRevAvail, true],
    ['ocspNoCheck', decodeOcspNoCheck, true],
  ])('%s reads as it was asked for', (name, decode, expected) => {
    expect(decode(contentOf(name))).toEqual(expected);
  });

  it('subjectAltName reads as every kind of name', () => {
    expect(decodeSubjectAltName(contentOf('subjectAltName')).map(formatGeneralName)).toEqual([
      'a.example',
      '*.b.example',
      'ip:10.0.0.1',
      'ip:2001:db8::1',
      'email:a@b.example',
      'uri:spiffe://td/x',
      'registeredId:1.2.3.4',
      'directoryName:CN=everything',
      'otherName:1.3.6.1.4.1.311.20.2.3;0c03614062',
    ]);
  });

  it('nameConstraints reads as subtrees', () => {
    const { permitted, excluded } = decodeNameConstraints(contentOf('nameConstraints'));
    expect(permitted.map(formatGeneralName)).toEqual([
      'example.com',
      'ip:10.0.0.0/8',
      'ip:2001:db8::/32',
      'directoryName:CN=everything',
    ]);
    expect(excluded.map(formatGeneralName)).toEqual(['email:.evil.example', 'uri:.evil.example']);
  });

  it('cRLDistributionPoints reads with reasons and issuer', () => {
    const [first, second] = decodeCrlDistributionPoints(contentOf('cRLDistributionPoints'));
    expect(first).toMatchObject({ reasons: ['keyCompromise', 'aACompromise'], crlIssuer: [{ kind: 'directoryName' }] });
    expect(first?.distributionPoint).toEqual({
      fullName: ['http://crl.example/a.crl', 'http://crl.example/b.crl'].map((value) => ({ kind: 'uri', value })),
    });
    expect(second).toEqual({ distributionPoint: { fullName: [{ kind: 'uri', value: 'http://crl.example/c.crl' }] } });
  });

  it('authorityKeyIdentifier reads with issuer and serial number', () => {
    expect(decodeAuthorityKeyIdentifier(contentOf('authorityKeyIdentifier'))).toMatchObject({
      keyIdentifier: decodeSubjectKeyIdentifier(contentOf('subjectKeyIdentifier')),
      authorityCertIssuer: [{ kind: 'directoryName' }],
      authorityCertSerialNumber: certificate.serialNumber,
    });
  });

  // The strongest agreement there is: what we decode, we encode to the same octets.
  it.each<[ExtensionName, (value: Uint8Array) => Extension]>([
    ['basicConstraints', (value) => encodeBasicConstraints(decodeBasicConstraints(value))],
    ['keyUsage', (value) => encodeKeyUsage([...decodeKeyUsage(value)].reverse())],
    ['extKeyUsage', (value) => encodeExtendedKeyUsage(decodeExtendedKeyUsage(value))],
    [
      'subjectAltName',
      (value) =>
        encodeSubjectAltName(decodeSubjectAltName(value).map((name) => parseGeneralNameText(formatGeneralName(name)))),
    ],
    ['issuerAltName', (value) => encodeIssuerAltName(decodeIssuerAltName(value))],
    ['authorityKeyIdentifier', (value) => encodeAuthorityKeyIdentifier(decodeAuthorityKeyIdentifier(value))],
    ['subjectKeyIdentifier', (value) => encodeSubjectKeyIdentifier(decodeSubjectKeyIdentifier(value))],
    ['cRLDistributionPoints', (value) => encodeCrlDistributionPoints(decodeCrlDistributionPoints(value))],
    ['authorityInfoAccess', (value) => encodeAuthorityInfoAccess(decodeAuthorityInfoAccess(value))],
    ['certificatePolicies', (value) => encodeCertificatePolicies(decodeCertificatePolicies(value))],
    [
      'nameConstraints',
      (value) => {
        const again = (names: readonly Parameters<typeof formatGeneralName>[0][]) =>
          names.map((name) => parseSubtreeText(formatGeneralName(name)));
        const { permitted, excluded } = decodeNameConstraints(value);
        return encodeNameConstraints({ permitted: again(permitted), excluded: again(excluded) });
      },
    ],
    ['noRevAvail', () => encodeNoRevAvail()],
    ['ocspNoCheck', () => encodeOcspNoCheck()],
  ])('%s is encoded to the same octets', (name, again) => {
    const original = findExtension(certificate.extensions, name)!;
    const { oid, critical, value } = again(original.value);
    expect(oid).toBe(original.oid);
    // OpenSSL writes the organization of a notice as VisibleString; we write UTF8String, as RFC 5280 recommends.
    expect(toHex(value)).toBe(toHex(original.value).replace('1a074578616d706c65', '0c074578616d706c65'));
    expect(critical).toBe(original.critical);
  });
});

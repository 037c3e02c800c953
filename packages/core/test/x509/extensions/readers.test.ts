import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeCrypto } from '../../../src/crypto/node-provider.ts';
import { createCsr } from '../../../src/x509/csr/csr-builder.ts';
import { encodeIssuerAltName } from '../../../src/x509/extensions/alternative-names.ts';
import { encodeAuthorityInfoAccess } from '../../../src/x509/extensions/authority-info-access.ts';
import { encodeBasicConstraints } from '../../../src/x509/extensions/basic-constraints.ts';
import { encodeCertificatePolicies } from '../../../src/x509/extensions/certificate-policies.ts';
import { encodeCrlDistributionPoints } from '../../../src/x509/extensions/crl-distribution-points.ts';
import { encodeExtendedKeyUsage } from '../../../src/x509/extensions/extended-key-usage.ts';
import {
  encodeAuthorityKeyIdentifier,
  encodeSubjectKeyIdentifier,
} from '../../../src/x509/extensions/key-identifiers.ts';
import { encodeKeyUsage, keyUsages } from '../../../src/x509/extensions/key-usage.ts';
import { encodeNameConstraints } from '../../../src/x509/extensions/name-constraints.ts';
import { encodeOcspNoCheck } from '../../../src/x509/extensions/revocation-hints.ts';
import { DistinguishedName } from '../../../src/x509/name/distinguished-name.ts';
import { parseGeneralNameText, parseSubtreeText } from '../../../src/x509/name/general-name.ts';
import { tool } from '../../support/tools.ts';

let folder: string;
let shown: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'chancery-readers-'));
  const crypto = nodeCrypto();
  const csr = await createCsr({
    crypto,
    key: await crypto.generateKey('Ed25519'),
    subject: DistinguishedName.parse('CN=Zoë \\"Z\\"\\, III+UID=z,OU=\\#1,O=Example,C=DE,DC=example'),
    subjectAltNames: [
      'a.example',
      'ip:10.0.0.1',
      'ip:2001:db8::1',
      'email:a@b.example',
      'uri:spiffe://td/x',
      'registeredId:1.2.3.4',
      'directoryName:CN=x,O=y',
      'otherName:1.3.6.1.4.1.311.20.2.3;0c03614062',
    ].map(parseGeneralNameText),
    extensions: [
      encodeBasicConstraints({ cA: true, pathLenConstraint: 300 }),
      encodeKeyUsage(keyUsages),
      encodeExtendedKeyUsage(['serverAuth', 'ocspSigning', '1.2.3.4.5']),
      encodeIssuerAltName([{ kind: 'dns', value: 'issuer.example' }]),
      encodeSubjectKeyIdentifier(Uint8Array.of(1, 2, 3)),
      encodeAuthorityKeyIdentifier({
        keyIdentifier: Uint8Array.of(4, 5, 6),
        authorityCertIssuer: [parseGeneralNameText('directoryName:CN=ca')],
        authorityCertSerialNumber: '80aa',
      }),
      encodeCrlDistributionPoints([
        'http://crl.example/a.crl',
        {
          distributionPoint: { fullName: [{ kind: 'uri', value: 'http://crl.example/b.crl' }] },
          reasons: ['keyCompromise', 'aACompromise'],
        },
      ]),
      encodeAuthorityInfoAccess({ ocsp: ['http://ocsp.example/'], caIssuers: ['http://ca.example/'] }),
      encodeCertificatePolicies([
        '1.2.3.4',
        {
          policyIdentifier: '2.5.29.32.0',
          qualifiers: [
            { kind: 'cps', uri: 'http://cps.example/' },
            { kind: 'userNotice', noticeRef: { organization: 'Org', noticeNumbers: [1, 300] }, explicitText: 'Grüße' },
          ],
        },
      ]),
      encodeNameConstraints({
        permitted: ['example.com', 'ip:10.0.0.0/8', 'ip:2001:db8::/33', 'directoryName:O=y'].map(parseSubtreeText),
        excluded: ['email:.evil.example', 'uri:evil.example'].map(parseSubtreeText),
      }),
      encodeOcspNoCheck(),
    ],
  });
  writeFileSync(join(folder, 'csr.der'), csr);
  const show = [
    'req',
    '-inform',
    'DER',
    '-in',
    'csr.der',
    '-verify',
    '-noout',
    '-text',
    '-nameopt',
    'RFC2253,-esc_msb,utf8',
  ];
  shown = execFileSync(tool('openssl'), show, { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] }).toString();
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('what OpenSSL reads of what is encoded here', () => {
  it.each([
    ['the subject', /Subject: CN=Zoë \\"Z\\"\\, III\+UID=z,OU=\\#1,O=Example,C=DE,DC=example\n/],
    [
      'subjectAltName',
      /Alternative Name: \n +DNS:a\.example, IP Address:10\.0\.0\.1, IP Address:2001:DB8:0:0:0:0:0:1, email:a@b\.example, URI:spiffe:\/\/td\/x, Registered ID:1\.2\.3\.4, DirName:\/?O ?= ?y(\/|, ?)CN ?= ?x, othername: ?(UPN::?a@b|<unsupported>)/,
    ],
    ['basicConstraints', /Basic Constraints: critical\n +CA:TRUE, pathlen:300\n/],
    [
      'keyUsage',
      /Key Usage: critical\n +Digital Signature, Non Repudiation, Key Encipherment, Data Encipherment, Key Agreement, Certificate Sign, CRL Sign, Encipher Only, Decipher Only\n/,
    ],
    ['extKeyUsage', /Extended Key Usage: \n +TLS Web Server Authentication, OCSP Signing, 1\.2\.3\.4\.5\n/],
    ['issuerAltName', /Issuer Alternative Name: \n +DNS:issuer\.example\n/],
    ['subjectKeyIdentifier', /Subject Key Identifier: \n +01:02:03\n/],
    [
      'authorityKeyIdentifier',
      /Authority Key Identifier: \n +(keyid:)?04:05:06\s+DirName:\/?CN ?= ?ca\s+serial:80:AA\n/,
    ],
    [
      'cRLDistributionPoints',
      /CRL Distribution Points: \n\s*Full Name:\s+URI:http:\/\/crl\.example\/a\.crl\s+Full Name:\s+URI:http:\/\/crl\.example\/b\.crl\s+Reasons:\s+Key Compromise, AA Compromise/,
    ],
    ['authorityInfoAccess', /OCSP - URI:http:\/\/ocsp\.example\/\s+CA Issuers - URI:http:\/\/ca\.example\//],
    [
      'certificatePolicies',
      /Policy: 1\.2\.3\.4\s+Policy: X509v3 Any Policy\s+CPS: http:\/\/cps\.example\/\s+User Notice:\s+Organization: Org\s+Numbers: 1, 300\s+Explicit Text: Gr(ü|\\C3\\BC|\S\S?)/,
    ],
    [
      'nameConstraints',
      /Name Constraints: critical\s+Permitted:\s+DNS:example\.com\s+IP:10\.0\.0\.0\/255\.0\.0\.0\s+IP:2001:DB8:0:0:0:0:0:0\/FFFF:FFFF:8000:0:0:0:0:0\s+DirName:\s*O ?= ?y\s+Excluded:\s+email:\.evil\.example\s+URI:evil\.example\n/,
    ],
    ['ocspNoCheck', /OCSP No Check: \n/],
  ])('%s', (_, pattern) => {
    expect(shown).toMatch(pattern);
  });
});

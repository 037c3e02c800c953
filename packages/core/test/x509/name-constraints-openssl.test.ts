import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeCrypto } from '../../src/crypto/node-provider.ts';
import { encodePem } from '../../src/encoding/pem.ts';
import type { PrivateKey } from '../../src/ports/crypto.ts';
import { buildCertificate } from '../../src/x509/certificate/certificate-builder.ts';
import { CertificateTemplate } from '../../src/x509/certificate/certificate-template.ts';
import { encodeSubjectAltName } from '../../src/x509/extensions/alternative-names.ts';
import { encodeBasicConstraints } from '../../src/x509/extensions/basic-constraints.ts';
import type { Extension } from '../../src/x509/extensions/extension.ts';
import { encodeNameConstraints, type NameConstraints } from '../../src/x509/extensions/name-constraints.ts';
import { DistinguishedName } from '../../src/x509/name/distinguished-name.ts';
import { parseGeneralNameText, parseSubtreeText } from '../../src/x509/name/general-name.ts';
import { checkNameConstraints } from '../../src/x509/name/name-constraints.ts';
import { tool } from '../support/tools.ts';

const crypto = nodeCrypto();
const issuer = DistinguishedName.parse('O=Root');
const nameless = DistinguishedName.parse('');
const signatureAlgorithm = 'ECDSA-SHA256';

let folder: string;
let key: PrivateKey;
let serial = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'chancery-constraints-'));
  key = await crypto.generateKey('ECDSA-P256');
});
afterAll(() => rmSync(folder, { recursive: true }));

async function certificate(subject: DistinguishedName, extensions: readonly Extension[]): Promise<string> {
  serial += 1;
  const der = await buildCertificate(
    {
      template: new CertificateTemplate({ issuer, signatureAlgorithm, extensions }),
      signingKey: key,
      serialNumber: Uint8Array.of(1, serial >> 8, serial & 255),
      notBefore: new Date('2020-01-01T00:00:00Z'),
      notAfter: new Date('2049-01-01T00:00:00Z'),
      subject,
      spki: key.publicKey.spki,
    },
    crypto,
  );
  const file = join(folder, `${serial}.pem`);
  writeFileSync(file, encodePem('CERTIFICATE', der));
  return file;
}

/** OpenSSL's verdicts on certificates with one name each, from a CA with these constraints. */
async function opensslAccepts(constraints: NameConstraints, names: readonly string[]): Promise<boolean[]> {
  const ca = await certificate(issuer, [encodeBasicConstraints({ cA: true }), encodeNameConstraints(constraints)]);
  const leaves: string[] = [];
  for (const name of names) {
    leaves.push(await certificate(nameless, [encodeSubjectAltName([parseGeneralNameText(name)], true)]));
  }
  const { stdout, stderr } = spawnSync(tool('openssl'), ['verify', '-attime', '1700000000', '-CAfile', ca, ...leaves], {
    encoding: 'utf8',
  });
  const accepted = leaves.map((leaf) => stdout.includes(`${leaf}: OK`));
  // 47: not permitted, 48: excluded. Any other refusal would make the comparison worthless.
  const refusals = (stdout + stderr).match(/error (47|48) at 0 depth/g)?.length ?? 0;
  expect(refusals, stdout + stderr).toBe(accepted.filter((one) => !one).length);
  return accepted;
}

const subtrees: Record<string, readonly [subtrees: readonly string[], names: readonly string[]]> = {
  hosts: [
    ['example.com', 'host.example.com', 'EXAMPLE.com'],
    [
      'example.com',
      'host.example.com',
      'a.host.example.com',
      'Host.Example.COM',
      'badexample.com',
      'com',
      'example.com.evil',
    ],
  ],
  mailboxes: [
    ['email:a@host.example', 'email:host.example', 'email:.host.example', 'email:.example'],
    [
      'email:a@host.example',
      'email:A@host.example',
      'email:a@HOST.example',
      'email:b@sub.host.example',
      'email:b@badhost.example',
    ],
  ],
  URIs: [
    ['uri:host.example', 'uri:.host.example', 'uri:.example'],
    [
      'uri:https://host.example/x',
      'uri:https://HOST.example:8443',
      'uri:https://sub.host.example',
      'uri:https://badhost.example/?host.example',
    ],
  ],
  addresses: [
    ['ip:10.0.0.0/8', 'ip:10.128.0.0/9', 'ip:2001:db8::/33', 'ip:0.0.0.0/0'],
    ['ip:10.1.2.3', 'ip:10.200.0.1', 'ip:11.0.0.1', 'ip:2001:db8:7fff::1', 'ip:2001:db8:8000::1'],
  ],
  directoryNames: [
    ['directoryName:O=Example', 'directoryName:OU=Dev,O=Example'],
    [
      'directoryName:CN=a,O=example',
      'directoryName:CN=a,OU=DEV,O=Example',
      'directoryName:O=Other',
      'directoryName:OU=Dev',
      'directoryName:O=Example  Ltd',
    ],
  ],
};

describe('the same verdict as OpenSSL', () => {
  it.each(Object.keys(subtrees))('on %s', async (kind) => {
    const [bases, names] = subtrees[kind]!;
    const verdicts = { accepted: 0, refused: 0 };
    for (const base of bases.map(parseSubtreeText)) {
      for (const constraints of [
        { permitted: [base], excluded: [] },
        { permitted: [], excluded: [base] },
      ]) {
        const ours = names.map(
          (name) => checkNameConstraints(constraints, [parseGeneralNameText(name)], nameless) === undefined,
        );
        const label = (accepted: boolean, index: number) => `${names[index]}: ${accepted}`;
        expect(ours.map(label)).toEqual((await opensslAccepts(constraints, names)).map(label));
        for (const accepted of ours) verdicts[accepted ? 'accepted' : 'refused'] += 1;
      }
    }
    expect(verdicts.accepted).toBeGreaterThan(3);
    expect(verdicts.refused).toBeGreaterThan(3);
  });
});

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { nodeCrypto } from '../../src/crypto/node-provider.ts';
import { createWebCryptoProvider } from '../../src/crypto/webcrypto-provider.ts';
import { encodePem } from '../../src/encoding/pem.ts';
import type { CryptoProvider, KeyAlgorithm, SignatureAlgorithm } from '../../src/ports/crypto.ts';
import { tool } from '../support/tools.ts';

const folder = mkdtempSync(join(tmpdir(), 'chancery-crypto-'));
afterAll(() => rmSync(folder, { recursive: true }));

const digest = (name: string) => ['dgst', `-${name}`];
const pss = ['-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:digest'];
const cases: readonly [KeyAlgorithm, SignatureAlgorithm, readonly string[]][] = [
  ['ECDSA-P256', 'ECDSA-SHA256', digest('sha256')],
  ['ECDSA-P384', 'ECDSA-SHA384', digest('sha384')],
  ['RSA-2048', 'RSA-PKCS1-SHA256', digest('sha256')],
  ['RSA-2048', 'RSA-PSS-SHA384', [...digest('sha384'), ...pss]],
  ['Ed25519', 'Ed25519', ['pkeyutl']],
];
const providers: readonly [string, CryptoProvider][] = [
  ['node', nodeCrypto()],
  ['webcrypto', await createWebCryptoProvider()],
];

describe.each(providers)('OpenSSL and %s', (name, crypto) => {
  it.each(cases)('agree on %s by %s', async (algorithm, use, command) => {
    const openssl = tool('openssl');
    const at = (file: string) => join(folder, `${name}-${use}-${file}`);
    const key = await crypto.generateKey(algorithm);
    const data = crypto.randomBytes(300);
    writeFileSync(at('data'), data);
    writeFileSync(at('public'), encodePem('PUBLIC KEY', key.publicKey.spki));
    writeFileSync(at('private'), encodePem('PRIVATE KEY', await crypto.exportPrivateKey(key)));
    writeFileSync(at('signature'), await crypto.sign(key, use, data));
    const oneShot = command[0] === 'pkeyutl';

    const verifying = oneShot
      ? ['-verify', '-pubin', '-inkey', at('public'), '-rawin', '-in', at('data'), '-sigfile', at('signature')]
      : ['-verify', at('public'), '-signature', at('signature'), at('data')];
    expect(execFileSync(openssl, [...command, ...verifying], { encoding: 'utf8' })).toMatch(
      /Verified OK|Verified Successfully/,
    );

    const signing = oneShot
      ? ['-sign', '-inkey', at('private'), '-rawin', '-in', at('data')]
      : ['-sign', at('private'), at('data')];
    const signature = Uint8Array.from(execFileSync(openssl, [...command, ...signing]));
    expect(await crypto.verify(key.publicKey, use, data, signature)).toBe(true);
  });
});

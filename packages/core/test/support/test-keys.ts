import { generateKeyPairSync } from 'node:crypto';
import { toBase64 } from '../../src/encoding/base64.ts';
import { encodePem } from '../../src/encoding/pem.ts';
import { type KeyAlgorithm, nodeCrypto, type PrivateKey } from '../../src/index.ts';
import { createCsr } from '../../src/x509/csr/csr-builder.ts';
import type { Extension } from '../../src/x509/extensions/extension.ts';
import { DistinguishedName } from '../../src/x509/name/distinguished-name.ts';
import { parseGeneralNameText } from '../../src/x509/name/general-name.ts';

export const KEY_ALGORITHMS: readonly KeyAlgorithm[] = [
  'ECDSA-P256',
  'ECDSA-P384',
  'RSA-2048',
  'RSA-3072',
  'RSA-4096',
  'Ed25519',
];

const keys = new Map<KeyAlgorithm, Promise<PrivateKey>>();

/** A key of each kind, made once for a file of tests. */
export function testKey(algorithm: KeyAlgorithm = 'ECDSA-P256'): Promise<PrivateKey> {
  const key = keys.get(algorithm) ?? Promise.resolve(nodeCrypto().generateKey(algorithm));
  keys.set(algorithm, key);
  return key;
}

/** An RSA key that nobody should certify. */
export async function rsaKey(modulusLength: number, publicExponent: number): Promise<PrivateKey> {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength, publicExponent });
  return nodeCrypto().importPrivateKey(new Uint8Array(privateKey.export({ format: 'der', type: 'pkcs8' })));
}

/** A public key as PEM. */
export function publicKeyPem(key: PrivateKey): string {
  return encodePem('PUBLIC KEY', key.publicKey.spki);
}

/** The base64 of a private key, to search for in places where it must not be. */
export async function privateKeyText(key: PrivateKey): Promise<string> {
  return toBase64(await nodeCrypto().exportPrivateKey(key));
}

export interface TestCsrOptions {
  readonly subject?: string;
  readonly names?: readonly string[];
  readonly key?: PrivateKey;
  readonly extensions?: readonly Extension[];
}

/** Makes a CSR, DER. */
export async function testCsr({ subject = '', names = [], key, extensions = [] }: TestCsrOptions): Promise<Uint8Array> {
  return createCsr({
    subject: DistinguishedName.parse(subject),
    key: key ?? (await testKey()),
    subjectAltNames: names.map((name) => parseGeneralNameText(name)),
    extensions,
    crypto: nodeCrypto(),
  });
}

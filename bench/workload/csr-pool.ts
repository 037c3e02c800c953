import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CaKeyType } from './issuing-ca.ts';
import { openssl } from './openssl.ts';
import { fromPem, pemBlocks, toPem } from './pem.ts';
import { varied } from './signed-template.ts';

/** Requests of distinct keys and names, so many that no cache of a contestant's helps it through a race. */
export interface CsrPool {
  readonly pems: readonly string[];
  readonly ders: readonly Buffer<ArrayBuffer>[];
  /** SubjectPublicKeyInfo of each. */
  readonly spkis: readonly Uint8Array[];
  /** The pool as one PEM file, for peers in processes of their own. */
  readonly file: string;
}

/** The names of the request at an index: what its certificate must hold. */
export function namesOf(index: number): readonly string[] {
  const host = `host-${String(index).padStart(5, '0')}.bench.example`;
  return [host, `www.${host}`];
}

const config = (host: string) => `[req]
distinguished_name = dn
req_extensions = extensions
prompt = no
[dn]
CN = ${host}
[extensions]
subjectAltName = DNS:${host},DNS:www.${host}
`;

/**
 * Makes P-256 requests after one of the openssl command's: with its own key, its own names, signed by that key.
 *
 * @param size At most 100,000.
 */
export function createCsrPool(folder: string, size: number): CsrPool {
  const keys = Array.from({ length: size }, () => generateKeyPairSync('ec', { namedCurve: 'P-256' }));
  const spkis = keys.map(({ publicKey }) => publicKey.export({ type: 'spki', format: 'der' }));
  const template = request(folder, (keys[0] as { privateKey: KeyObject }).privateKey);
  const ders = keys.map(({ privateKey }, index) => {
    const patches = [
      { find: point(spkis[0] as Uint8Array), replace: point(spkis[index] as Uint8Array) },
      { find: Buffer.from('-00000.'), replace: Buffer.from(`-${String(index).padStart(5, '0')}.`) },
    ];
    return varied(template, patches, privateKey);
  });
  return savePool(folder, 'P-256', ders, spkis);
}

/** A few RSA-2048 requests, for the peer that knows no elliptic curves: their keys take a quarter of a second each. */
export function createRsaCsrPool(folder: string, size: number): CsrPool {
  const keys = Array.from({ length: size }, () => generateKeyPairSync('rsa', { modulusLength: 2048 }));
  const spkis = keys.map(({ publicKey }) => publicKey.export({ type: 'spki', format: 'der' }));
  return savePool(
    folder,
    'RSA-2048',
    keys.map(({ privateKey }) => request(folder, privateKey)),
    spkis,
  );
}

function request(folder: string, key: KeyObject): Buffer<ArrayBuffer> {
  const [host] = namesOf(0);
  const paths = {
    key: join(folder, 'request.key'),
    config: join(folder, 'request.cnf'),
    csr: join(folder, 'request.pem'),
  };
  writeFileSync(paths.key, key.export({ type: 'pkcs8', format: 'pem' }));
  writeFileSync(paths.config, config(host as string));
  openssl('req', '-new', '-key', paths.key, '-sha256', '-config', paths.config, '-out', paths.csr);
  return fromPem(readFileSync(paths.csr, 'utf8'));
}

function savePool(
  folder: string,
  keyType: CaKeyType,
  ders: readonly Uint8Array[],
  spkis: readonly Uint8Array[],
): CsrPool {
  const pems = ders.map((der) => toPem('CERTIFICATE REQUEST', der));
  writeFileSync(files(folder, keyType).requests, pems.join(''));
  writeFileSync(files(folder, keyType).keys, spkis.map((spki) => toPem('PUBLIC KEY', spki)).join(''));
  // The last one varies most from the template: if OpenSSL accepts its signature, the template was taken apart rightly.
  writeFileSync(join(folder, 'last.pem'), pems.at(-1) as string);
  openssl('req', '-in', join(folder, 'last.pem'), '-noout', '-verify');
  return loadCsrPool(folder, keyType);
}

/** Reads a pool that another process made. */
export function loadCsrPool(folder: string, keyType: CaKeyType): CsrPool {
  const { requests, keys } = files(folder, keyType);
  const pems = pemBlocks(readFileSync(requests, 'utf8'));
  const spkis = pemBlocks(readFileSync(keys, 'utf8')).map(fromPem);
  return { pems, ders: pems.map(fromPem), spkis, file: requests };
}

function files(folder: string, keyType: CaKeyType): { requests: string; keys: string } {
  return { requests: join(folder, `requests-${keyType}.pem`), keys: join(folder, `request-keys-${keyType}.pem`) };
}

/** The uncompressed point, the last 65 bytes of a P-256 SubjectPublicKeyInfo. */
function point(spki: Uint8Array): Uint8Array {
  return spki.subarray(spki.length - 65);
}

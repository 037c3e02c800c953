import { encodePem } from '../../../src/encoding/pem.ts';
import { type KeyAlgorithm, nodeCrypto, type PrivateKey } from '../../../src/index.ts';
import type { ServedCertificate } from '../../../src/ports/certificate-source.ts';
import { encodeSubjectAltName } from '../../../src/x509/extensions/alternative-names.ts';
import type { ExtendedKeyUsage } from '../../../src/x509/extensions/extended-key-usage.ts';
import { encodeExtendedKeyUsage } from '../../../src/x509/extensions/extended-key-usage.ts';
import { parseGeneralNameText } from '../../../src/x509/name/general-name.ts';
import { testCertificate } from '../../support/test-ca.ts';
import { testKey } from '../../support/test-keys.ts';

const ROOT = 'CN=Foreign Root CA';

let root: Promise<string> | undefined;

/** The root that every certificate here is signed by, PEM. */
export function rootPem(): Promise<string> {
  root ??= testCertificate();
  return root;
}

export interface LeafOptions {
  readonly id: string;
  readonly generation?: number;
  readonly names: readonly string[];
  readonly keyAlgorithm?: KeyAlgorithm;
  readonly key?: PrivateKey;
  readonly notAfter?: number;
  readonly usage?: ExtendedKeyUsage;
}

/** Makes a certificate for a server, or for a client. Its common name says which generation of which one it is. */
export async function leaf(options: LeafOptions): Promise<ServedCertificate> {
  const { id, generation = 1, names, keyAlgorithm = 'ECDSA-P256', usage = 'serverAuth' } = options;
  const { notAfter = Date.UTC(2045, 0, 1) } = options;
  const key = options.key ?? (await testKey(keyAlgorithm));
  const chainPem = await testCertificate({
    subject: `CN=${id} ${generation}`,
    issuer: ROOT,
    signingKey: await testKey('ECDSA-P384'),
    spki: key.publicKey.spki,
    basicConstraints: undefined,
    keyUsage: ['digitalSignature'],
    notAfter,
    extensions: [
      encodeSubjectAltName(names.map((name) => parseGeneralNameText(name))),
      encodeExtendedKeyUsage([usage]),
    ],
  });
  const privateKeyPem = encodePem('PRIVATE KEY', await nodeCrypto().exportPrivateKey(key));
  return { certificateId: id, generation, names, chainPem, privateKeyPem, notAfter: new Date(notAfter) };
}

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomSerialNumber } from '../../packages/core/src/authority/serial-number.ts';
import { nodeCrypto } from '../../packages/core/src/crypto/node-provider.ts';
import { parseCertificate } from '../../packages/core/src/x509/certificate/certificate.ts';
import { buildCertificate } from '../../packages/core/src/x509/certificate/certificate-builder.ts';
import { CertificateTemplate } from '../../packages/core/src/x509/certificate/certificate-template.ts';
import { encodeSubjectAltName } from '../../packages/core/src/x509/extensions/alternative-names.ts';
import { encodeBasicConstraints } from '../../packages/core/src/x509/extensions/basic-constraints.ts';
import { encodeExtendedKeyUsage } from '../../packages/core/src/x509/extensions/extended-key-usage.ts';
import {
  encodeAuthorityKeyIdentifier,
  encodeSubjectKeyIdentifier,
} from '../../packages/core/src/x509/extensions/key-identifiers.ts';
import { encodeKeyUsage } from '../../packages/core/src/x509/extensions/key-usage.ts';
import { keyIdentifier } from '../../packages/core/src/x509/key-identifier.ts';
import { DistinguishedName } from '../../packages/core/src/x509/name/distinguished-name.ts';
import { parseGeneralNameText } from '../../packages/core/src/x509/name/general-name.ts';
import { fromPem, pemBlocks, toPem } from './pem.ts';

/** Paths of three on P-256: one root, one intermediate that was issued again and again, and an end entity below each. */
export interface PathPool {
  readonly root: Uint8Array;
  readonly paths: readonly { readonly intermediate: Uint8Array; readonly leaf: Uint8Array }[];
}

/**
 * Makes paths.
 *
 * @param count More than a validator remembers intermediates, so that one that comes round again has been forgotten.
 */
export async function createPathPool(count: number): Promise<PathPool> {
  const crypto = nodeCrypto();
  const [rootKey, caKey, leafKey] = await Promise.all([0, 1, 2].map(() => crypto.generateKey('ECDSA-P256')));
  if (!rootKey || !caKey || !leafKey) throw new Error('no keys');
  const [rootName, caName] = ['CN=Bench Root,O=Example', 'CN=Bench CA,O=Example'].map(DistinguishedName.parse);
  if (!rootName || !caName) throw new Error('no names');
  const rootId = await keyIdentifier(rootKey.publicKey.spki, crypto);
  const caId = await keyIdentifier(caKey.publicKey.spki, crypto);
  const signatureAlgorithm = 'ECDSA-SHA256';
  const byRoot = new CertificateTemplate({ issuer: rootName, signatureAlgorithm });
  const byCa = new CertificateTemplate({ issuer: caName, signatureAlgorithm });
  const ca = [encodeBasicConstraints({ cA: true }), encodeKeyUsage(['keyCertSign', 'cRLSign'])];
  const validity = { notBefore: new Date(Date.now() - 86_400_000), notAfter: new Date(Date.now() + 86_400_000) };
  const common = () => ({ serialNumber: randomSerialNumber(crypto), ...validity });
  const root = await buildCertificate(
    {
      ...common(),
      template: byRoot,
      signingKey: rootKey,
      subject: rootName,
      spki: rootKey.publicKey.spki,
      extensions: [...ca, encodeSubjectKeyIdentifier(rootId)],
    },
    crypto,
  );
  const paths = [];
  for (let index = 0; index < count; index++) {
    const authorityOfCa = encodeAuthorityKeyIdentifier({ keyIdentifier: rootId });
    const intermediate = await buildCertificate(
      {
        ...common(),
        template: byRoot,
        signingKey: rootKey,
        subject: caName,
        spki: caKey.publicKey.spki,
        extensions: [...ca, encodeSubjectKeyIdentifier(caId), authorityOfCa],
      },
      crypto,
    );
    const leaf = await buildCertificate(
      {
        ...common(),
        template: byCa,
        signingKey: caKey,
        subject: DistinguishedName.parse(`CN=${index}.example`),
        spki: leafKey.publicKey.spki,
        extensions: [
          encodeKeyUsage(['digitalSignature']),
          encodeExtendedKeyUsage(['serverAuth']),
          encodeSubjectAltName([parseGeneralNameText(`${index}.example`)]),
          encodeAuthorityKeyIdentifier({ keyIdentifier: caId }),
        ],
      },
      crypto,
    );
    paths.push({ intermediate, leaf });
  }
  return { root, paths };
}

/** The files of a pool: the root, and the paths one behind the other, intermediate first. */
export function pathFiles(folder: string): { readonly root: string; readonly paths: string } {
  return { root: join(folder, 'path-root.pem'), paths: join(folder, 'paths.pem') };
}

/** Writes a pool for peers in processes of their own. */
export function writePathPool(folder: string, { root, paths }: PathPool): void {
  const files = pathFiles(folder);
  writeFileSync(files.root, toPem('CERTIFICATE', root));
  const ders = paths.flatMap(({ intermediate, leaf }) => [intermediate, leaf]);
  writeFileSync(files.paths, ders.map((der) => toPem('CERTIFICATE', der)).join(''));
}

/** Reads a pool that another process wrote. */
export function loadPathPool(folder: string): PathPool {
  const files = pathFiles(folder);
  const ders = pemBlocks(readFileSync(files.paths, 'utf8')).map(fromPem);
  const paths = [];
  for (let at = 0; at + 1 < ders.length; at += 2) {
    paths.push({ intermediate: ders[at] as Uint8Array, leaf: ders[at + 1] as Uint8Array });
  }
  return { root: fromPem(readFileSync(files.root, 'utf8')), paths };
}

/** What a certificate's signature covers, and the signature. */
export function signedPartsOf(der: Uint8Array): { readonly tbs: Uint8Array; readonly signature: Uint8Array } {
  const { tbs, signature } = parseCertificate(der);
  return { tbs, signature };
}

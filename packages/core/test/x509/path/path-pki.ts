import { signatureAlgorithmFor } from '../../../src/crypto/algorithms.ts';
import { nodeCrypto } from '../../../src/crypto/node-provider.ts';
import { derOctetString } from '../../../src/encoding/der/writer.ts';
import { encodePem } from '../../../src/encoding/pem.ts';
import type { KeyAlgorithm, PrivateKey } from '../../../src/ports/crypto.ts';
import { buildCertificate } from '../../../src/x509/certificate/certificate-builder.ts';
import { CertificateTemplate } from '../../../src/x509/certificate/certificate-template.ts';
import { encodeSubjectAltName } from '../../../src/x509/extensions/alternative-names.ts';
import { encodeBasicConstraints } from '../../../src/x509/extensions/basic-constraints.ts';
import type { ExtendedKeyUsage } from '../../../src/x509/extensions/extended-key-usage.ts';
import { encodeExtendedKeyUsage } from '../../../src/x509/extensions/extended-key-usage.ts';
import type { Extension } from '../../../src/x509/extensions/extension.ts';
import {
  encodeAuthorityKeyIdentifier,
  encodeSubjectKeyIdentifier,
} from '../../../src/x509/extensions/key-identifiers.ts';
import { encodeKeyUsage, type KeyUsage } from '../../../src/x509/extensions/key-usage.ts';
import { DistinguishedName } from '../../../src/x509/name/distinguished-name.ts';
import { parseGeneralNameText } from '../../../src/x509/name/general-name.ts';

export const crypto = nodeCrypto();

/** The instant that every test validates at, within the validity of what {@link issue} makes. */
export const AT = new Date('2026-06-01T00:00:00Z');

/** A certificate with its key, so that it can issue others. */
export interface Entity {
  readonly subject: string;
  readonly key: PrivateKey;
  readonly keyIdentifier: Uint8Array;
  readonly der: Uint8Array;
  readonly pem: string;
  readonly serialNumber: string;
}

export interface IssueOptions {
  readonly subject: string;
  /** Signs; by default the certificate signs itself. */
  readonly issuer?: Pick<Entity, 'subject' | 'key' | 'keyIdentifier'>;
  readonly key?: PrivateKey;
  readonly keyAlgorithm?: KeyAlgorithm;
  readonly ca?: boolean;
  readonly pathLength?: number;
  readonly keyUsage?: readonly KeyUsage[];
  readonly purposes?: readonly ExtendedKeyUsage[];
  readonly names?: readonly string[];
  readonly notBefore?: string;
  readonly notAfter?: string;
  readonly serialNumber?: number;
  /** What authorityKeyIdentifier says; by default the issuer's identifier, null to leave it out. */
  readonly authorityKeyIdentifier?: Uint8Array | null;
  readonly subjectKeyIdentifier?: Uint8Array | null;
  readonly extensions?: readonly Extension[];
}

let serial = 0x1000;

/** Makes a certificate of any kind, right or wrong: by default one that is as it should be. */
export async function issue(options: IssueOptions): Promise<Entity> {
  const { subject, ca = false, keyUsage = ca ? ['keyCertSign', 'cRLSign'] : ['digitalSignature'], names } = options;
  const key = options.key ?? (await crypto.generateKey(options.keyAlgorithm ?? 'ECDSA-P256'));
  const keyIdentifier = await crypto.digest('SHA-1', key.publicKey.spki);
  const issuer = options.issuer ?? { subject, key, keyIdentifier };
  const own: Extension[] = [...(options.extensions ?? [])];
  const add = (extension: Extension): void => {
    if (!own.some(({ oid }) => oid === extension.oid)) own.push(extension);
  };
  const { pathLength, subjectKeyIdentifier = keyIdentifier, authorityKeyIdentifier = issuer.keyIdentifier } = options;
  if (ca) add(encodeBasicConstraints({ cA: true, ...(pathLength !== undefined && { pathLenConstraint: pathLength }) }));
  if (keyUsage.length > 0) add(encodeKeyUsage(keyUsage));
  if (options.purposes) add(encodeExtendedKeyUsage(options.purposes));
  if (names)
    add(
      encodeSubjectAltName(
        names.map((name) => parseGeneralNameText(name)),
        subject === '',
      ),
    );
  if (subjectKeyIdentifier) add(encodeSubjectKeyIdentifier(subjectKeyIdentifier));
  if (authorityKeyIdentifier) add(encodeAuthorityKeyIdentifier({ keyIdentifier: authorityKeyIdentifier }));
  const serialNumber = options.serialNumber ?? serial++;
  const der = await buildCertificate(
    {
      template: new CertificateTemplate({
        issuer: DistinguishedName.parse(issuer.subject),
        signatureAlgorithm: signatureAlgorithmFor(issuer.key.publicKey.kind),
      }),
      signingKey: issuer.key,
      serialNumber: Uint8Array.of(serialNumber >> 16, serialNumber >> 8, serialNumber),
      notBefore: new Date(options.notBefore ?? '2026-01-01T00:00:00Z'),
      notAfter: new Date(options.notAfter ?? '2027-01-01T00:00:00Z'),
      subject: DistinguishedName.parse(subject),
      spki: key.publicKey.spki,
      extensions: own,
    },
    crypto,
  );
  const hex = serialNumber.toString(16);
  return {
    subject,
    key,
    keyIdentifier: subjectKeyIdentifier ?? keyIdentifier,
    der,
    pem: encodePem('CERTIFICATE', der),
    serialNumber: hex.length % 2 === 0 ? hex : `0${hex}`,
  };
}

/** An extension that nobody knows. */
export function unknownExtension(critical: boolean): Extension {
  return { oid: '1.3.6.1.4.1.99999.1', critical, value: derOctetString(Uint8Array.of(1)) };
}

/** A root, an intermediate and an end entity, all as they should be. */
export async function simpleChain(
  leaf: Partial<IssueOptions> = {},
): Promise<{ root: Entity; ca: Entity; leaf: Entity }> {
  const root = await issue({ subject: 'CN=Root', ca: true });
  const ca = await issue({ subject: 'CN=CA', issuer: root, ca: true, pathLength: 0 });
  return { root, ca, leaf: await issue({ subject: 'CN=Leaf', issuer: ca, names: ['a.example'], ...leaf }) };
}

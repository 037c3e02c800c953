import { signatureAlgorithmFor } from '../crypto/algorithms.ts';
import type { CryptoProvider, PrivateKey } from '../ports/crypto.ts';
import type { Certificate } from '../x509/certificate/certificate.ts';
import { buildCertificate } from '../x509/certificate/certificate-builder.ts';
import { CertificateTemplate } from '../x509/certificate/certificate-template.ts';
import { encodeAuthorityInfoAccess } from '../x509/extensions/authority-info-access.ts';
import { encodeBasicConstraints } from '../x509/extensions/basic-constraints.ts';
import { encodeCrlDistributionPoints } from '../x509/extensions/crl-distribution-points.ts';
import type { Extension } from '../x509/extensions/extension.ts';
import { encodeAuthorityKeyIdentifier, encodeSubjectKeyIdentifier } from '../x509/extensions/key-identifiers.ts';
import { encodeKeyUsage } from '../x509/extensions/key-usage.ts';
import { encodeNameConstraints, type NameConstraints } from '../x509/extensions/name-constraints.ts';
import { keyIdentifier } from '../x509/key-identifier.ts';
import type { DistinguishedName } from '../x509/name/distinguished-name.ts';
import { randomSerialNumber } from './serial-number.ts';
import { notBeforeOf } from './validity.ts';

/** A CA certificate to be made: a root where the issuer is the subject itself, an intermediate otherwise. */
export interface CaCertificateContents {
  readonly subject: DistinguishedName;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
  readonly issuer: {
    readonly name: DistinguishedName;
    readonly key: PrivateKey;
    /** Absent where the certificate is self-signed. */
    readonly certificate: Certificate | undefined;
  };
  /** Epoch milliseconds. */
  readonly now: number;
  /** Epoch milliseconds. */
  readonly notAfter: number;
  readonly pathLength?: number;
  readonly nameConstraints?: NameConstraints;
  readonly crlUrl?: string;
  readonly issuerUrl?: string;
}

/**
 * Signs a CA certificate (RFC 5280 section 4.2): critical basicConstraints and keyUsage, key identifiers.
 *
 * @returns DER
 */
export async function buildCaCertificate(contents: CaCertificateContents, crypto: CryptoProvider): Promise<Uint8Array> {
  const { subject, spki, issuer, pathLength, nameConstraints, crlUrl, issuerUrl } = contents;
  const subjectKeyIdentifier = await keyIdentifier(spki, crypto);
  const extensions: Extension[] = [
    encodeBasicConstraints({ cA: true, ...(pathLength === undefined ? {} : { pathLenConstraint: pathLength }) }),
    encodeKeyUsage(['digitalSignature', 'keyCertSign', 'cRLSign']),
    encodeSubjectKeyIdentifier(subjectKeyIdentifier),
    encodeAuthorityKeyIdentifier({ keyIdentifier: issuer.certificate?.subjectKeyIdentifier ?? subjectKeyIdentifier }),
  ];
  if (nameConstraints !== undefined) extensions.push(encodeNameConstraints(nameConstraints));
  if (crlUrl !== undefined) extensions.push(encodeCrlDistributionPoints([crlUrl]));
  if (issuerUrl !== undefined) extensions.push(encodeAuthorityInfoAccess({ caIssuers: [issuerUrl] }));
  return buildCertificate(
    {
      template: new CertificateTemplate({
        issuer: issuer.name,
        signatureAlgorithm: signatureAlgorithmFor(issuer.key.publicKey.kind),
        extensions,
      }),
      signingKey: issuer.key,
      serialNumber: randomSerialNumber(crypto),
      notBefore: notBeforeOf(contents.now, issuer.certificate),
      notAfter: new Date(contents.notAfter),
      subject,
      spki,
    },
    crypto,
  );
}

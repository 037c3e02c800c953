import { signatureAlgorithmFor } from '../../crypto/algorithms.ts';
import { utf8 } from '../../encoding/bytes.ts';
import { derOctetString } from '../../encoding/der/writer.ts';
import { encodePem } from '../../encoding/pem.ts';
import type { AcmeIdentifier } from '../../errors/acme-error.ts';
import { buildCertificate } from '../../x509/certificate/certificate-builder.ts';
import { CertificateTemplate } from '../../x509/certificate/certificate-template.ts';
import { encodeSubjectAltName } from '../../x509/extensions/alternative-names.ts';
import { DistinguishedName } from '../../x509/name/distinguished-name.ts';
import type { StoredChallenge } from './challenge-records.ts';
import type { IssuerContext } from './issuer-context.ts';

/** id-pe-acmeIdentifier (RFC 8737 section 3). */
const ACME_IDENTIFIER = '1.3.6.1.5.5.7.1.31';
const HOUR = 3_600_000;
const SERIAL_OCTETS = 16;
const ISSUER = DistinguishedName.parse('CN=ACME challenge');

/** A certificate that answers a challenge and nothing else, and its key. */
export interface TlsAlpnCertificate {
  readonly certPem: string;
  readonly keyPem: string;
}

/** Makes the certificate that answers an open tls-alpn-01 challenge (RFC 8737 section 3). Its key is made for it, and stored nowhere. */
export async function makeTlsAlpnCertificate(
  { crypto, clock }: Pick<IssuerContext, 'crypto' | 'clock'>,
  { identifier, keyAuthorization }: Pick<StoredChallenge, 'identifier' | 'keyAuthorization'>,
): Promise<TlsAlpnCertificate> {
  const key = await crypto.generateKey('ECDSA-P256');
  const signatureAlgorithm = signatureAlgorithmFor(key.publicKey.kind);
  const digest = await crypto.digest('SHA-256', utf8(keyAuthorization));
  const now = clock.now();
  const der = await buildCertificate(
    {
      template: new CertificateTemplate({ issuer: ISSUER, signatureAlgorithm }),
      signingKey: key,
      // A first octet of 0x01 keeps it positive and at full length.
      serialNumber: crypto.randomBytes(SERIAL_OCTETS).with(0, 1),
      notBefore: new Date(now - HOUR),
      notAfter: new Date(now + HOUR),
      subject: ISSUER,
      spki: key.publicKey.spki,
      extensions: [
        encodeSubjectAltName([generalName(identifier)]),
        { oid: ACME_IDENTIFIER, critical: true, value: derOctetString(digest) },
      ],
    },
    crypto,
  );
  const pkcs8 = await crypto.exportPrivateKey(key);
  return { certPem: encodePem('CERTIFICATE', der), keyPem: encodePem('PRIVATE KEY', pkcs8) };
}

function generalName({ type, value }: AcmeIdentifier): { kind: 'ip' | 'dns'; value: string } {
  return { kind: type === 'ip' ? 'ip' : 'dns', value };
}

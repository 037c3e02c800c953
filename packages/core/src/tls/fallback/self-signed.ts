import { signatureAlgorithmFor } from '../../crypto/algorithms.ts';
import { encodePem } from '../../encoding/pem.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import { buildCertificate } from '../../x509/certificate/certificate-builder.ts';
import { CertificateTemplate } from '../../x509/certificate/certificate-template.ts';
import { encodeSubjectAltName } from '../../x509/extensions/alternative-names.ts';
import { encodeExtendedKeyUsage } from '../../x509/extensions/extended-key-usage.ts';
import { encodeKeyUsage } from '../../x509/extensions/key-usage.ts';
import { DistinguishedName } from '../../x509/name/distinguished-name.ts';
import { parseGeneralNameText } from '../../x509/name/general-name.ts';
import type { CertificatePem } from '../contexts/certificate-pem.ts';

const SERIAL_OCTETS = 20;
/** Clocks of clients may be behind. */
const BACKDATE_MS = 5 * 60_000;
const NAMES = ['localhost', 'ip:127.0.0.1', 'ip:::1'];

/**
 * Makes a self-signed certificate of a fresh ECDSA P-256 key for localhost. Nobody trusts it: it lets a handshake finish, so that a
 * client is told of a wrong name and not of a broken connection.
 *
 * @param now epoch milliseconds
 * @param validityMs in milliseconds
 */
export async function selfSigned(crypto: CryptoProvider, now: number, validityMs: number): Promise<CertificatePem> {
  const key = await crypto.generateKey('ECDSA-P256');
  const subject = DistinguishedName.parse('CN=localhost');
  const serialNumber = crypto.randomBytes(SERIAL_OCTETS);
  serialNumber[0] = 1;
  const der = await buildCertificate(
    {
      template: new CertificateTemplate({
        issuer: subject,
        signatureAlgorithm: signatureAlgorithmFor(key.publicKey.kind),
        extensions: [
          encodeSubjectAltName(NAMES.map((name) => parseGeneralNameText(name))),
          encodeKeyUsage(['digitalSignature']),
          encodeExtendedKeyUsage(['serverAuth']),
        ],
      }),
      signingKey: key,
      serialNumber,
      notBefore: new Date(now - BACKDATE_MS),
      notAfter: new Date(now + validityMs),
      subject,
      spki: key.publicKey.spki,
    },
    crypto,
  );
  return {
    certPem: encodePem('CERTIFICATE', der),
    keyPem: encodePem('PRIVATE KEY', await crypto.exportPrivateKey(key)),
  };
}

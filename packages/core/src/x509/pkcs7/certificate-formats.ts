import { isBytes } from '../../encoding/bytes.ts';
import { DerReader } from '../../encoding/der/reader.ts';
import { Tag } from '../../encoding/der/tags.ts';
import { encodePem } from '../../encoding/pem.ts';
import { InvalidInputError } from '../../errors/families.ts';
import { quote } from '../../errors/quote.ts';
import { type Certificate, parseCertificate, parseCertificates } from '../certificate/certificate.ts';
import { decodePkcs7, encodePkcs7 } from './certificate-bundle.ts';

/** How certificates are written. `der` holds exactly one; `pkcs7` is DER, as in `.p7b` and `.p7c` files. */
export type CertificateFormat = 'pem' | 'der' | 'pkcs7' | 'pkcs7-pem';

/**
 * Writes certificates in another format.
 *
 * @param certificates - PEM with one or several, PKCS#7 or DER: whatever {@link decodeCertificates} reads
 * @param format - `pem` and `pkcs7-pem` give text, the others bytes
 * @throws {InvalidInputError} INVALID_ARGUMENT: an unknown format, or several certificates for `der`
 * @throws as {@link decodeCertificates}
 */
export function encodeCertificates(certificates: string | Uint8Array, format: 'pem' | 'pkcs7-pem'): string;
export function encodeCertificates(certificates: string | Uint8Array, format: 'der' | 'pkcs7'): Uint8Array;
export function encodeCertificates(certificates: string | Uint8Array, format: CertificateFormat): string | Uint8Array {
  const chain = readCertificates(certificates);
  switch (format) {
    case 'pem':
      return chain.map((each) => each.toPem()).join('');
    case 'der':
      return onlyOne(chain).der.slice();
    case 'pkcs7':
      return encodePkcs7(chain);
    case 'pkcs7-pem':
      return encodePem('PKCS7', encodePkcs7(chain));
    default:
      throw new InvalidInputError(
        'INVALID_ARGUMENT',
        `format must be pem, der, pkcs7 or pkcs7-pem, not ${quote(format)}`,
      );
  }
}

/**
 * Reads certificates in any format.
 *
 * @param input - PEM of certificates or of one PKCS#7 bundle; DER of one certificate or of a PKCS#7 bundle
 * @returns each certificate as PEM, in the order of the input
 * @throws {InvalidInputError} CERTIFICATE_INVALID, PKCS7_INVALID, PEM_INVALID: it is malformed
 * @throws {InvalidInputError} DER_TOO_LARGE, INVALID_ARGUMENT: it is too large, or neither text nor bytes
 */
export function decodeCertificates(input: string | Uint8Array): string[] {
  return readCertificates(input).map((each) => each.toPem());
}

function readCertificates(input: string | Uint8Array): Certificate[] {
  if (typeof input === 'string')
    return /-----BEGIN (PKCS7|CMS)-----/.test(input) ? decodePkcs7(input) : parseCertificates(input);
  if (!isBytes(input)) {
    throw new InvalidInputError(
      'INVALID_ARGUMENT',
      `Certificates must be PEM text or DER bytes, not ${input === null ? 'null' : typeof input}`,
    );
  }
  return isContentInfo(input) ? decodePkcs7(input) : [parseCertificate(input)];
}

/** A ContentInfo starts with the OID of its type, a certificate with what was signed. */
function isContentInfo(der: Uint8Array): boolean {
  try {
    return new DerReader(der).read(Tag.sequence).peekTag() === Tag.oid;
  } catch (error) {
    if (error instanceof InvalidInputError) return false;
    throw error;
  }
}

function onlyOne(chain: readonly Certificate[]): Certificate {
  const [only, ...more] = chain;
  if (only === undefined || more.length > 0)
    throw new InvalidInputError('INVALID_ARGUMENT', `der holds one certificate, not ${chain.length}`);
  return only;
}

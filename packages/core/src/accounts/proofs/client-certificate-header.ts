import { fromBase64 } from '../../encoding/base64.ts';
import { InvalidInputError } from '../../errors/families.ts';
import { quote } from '../../errors/quote.ts';
import { clientCertificateDer } from './client-certificate.ts';
import type { ClientCertificate } from './proof.ts';
import { proofInvalid } from './proof-errors.ts';

const MAX_LENGTH = 131_072;

/**
 * How a proxy that ends TLS writes the client's certificate into a header.
 *
 * - `rfc9440`: `Client-Cert`, base64 of DER between colons (RFC 9440)
 * - `nginx`: `$ssl_client_escaped_cert`, PEM with percent-encoding
 * - `traefik`: `X-Forwarded-Tls-Client-Cert`, base64 without the lines of PEM, issuers after commas
 * - `base64`: base64 of DER, such as HAProxy's `%[ssl_c_der,base64]`
 */
export type ClientCertificateFormat = 'rfc9440' | 'nginx' | 'traefik' | 'base64';

const READERS: Readonly<Record<ClientCertificateFormat, (value: string) => Uint8Array | string | undefined>> = {
  rfc9440: (value) => base64(/^:([A-Za-z0-9+/]+={0,2}):$/.exec(value)?.[1]),
  nginx: percentDecoded,
  // A comma and a blank join two headers of one name, of which one would be the client's own.
  traefik: (value) => (value.includes(', ') ? undefined : base64(percentDecoded(value)?.split(',')[0])),
  base64,
};

/**
 * Reads the client's certificate from a header that a proxy has written. The proxy must remove the header from requests that bring it along:
 * anyone can write one.
 *
 * @param value the header's value; undefined or empty where the client sent no certificate
 * @param format how that proxy writes it
 * @returns the certificate, to be given as `proof`; undefined where there is none
 * @throws {InvalidInputError} INVALID_ARGUMENT: there is no such format
 * @throws {AuthenticationError} PROOF_INVALID: the value is malformed, or the header came twice
 *
 * @example
 * const proof = clientCertificateFromHeader(request.headers['client-cert'], 'rfc9440');
 */
export function clientCertificateFromHeader(
  value: string | readonly string[] | undefined,
  format: ClientCertificateFormat,
): ClientCertificate | undefined {
  const read = typeof format === 'string' && Object.hasOwn(READERS, format) ? READERS[format] : undefined;
  if (read === undefined) throw new InvalidInputError('INVALID_ARGUMENT', `There is no header format ${quote(format)}`);
  if (value === undefined || value === '') return undefined;
  if (typeof value !== 'string') throw proofInvalid('the header of the client certificate came more than once');
  const certificate = value.length > MAX_LENGTH ? undefined : read(value);
  if (certificate === undefined) throw proofInvalid(`the header of the client certificate is not of format ${format}`);
  return { certificate: clientCertificateDer(certificate) };
}

function base64(text: string | undefined): Uint8Array | undefined {
  if (text === undefined || text === '') return undefined;
  try {
    return fromBase64(text);
  } catch {
    return undefined;
  }
}

function percentDecoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

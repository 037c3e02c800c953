import { toBase64Url } from '../../encoding/base64.ts';
import { isBytes } from '../../encoding/bytes.ts';
import { DerReader } from '../../encoding/der/reader.ts';
import { Tag } from '../../encoding/der/tags.ts';
import { decodePem, type PemBlock } from '../../encoding/pem.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import { proofInvalid } from './proof-errors.ts';

const MAX_BYTES = 65_536;

/**
 * Reads a client certificate as far as a binding needs it: one DER structure, byte for byte as the peer sent it. That the peer holds its key,
 * and that its path is valid, is for the TLS server to have checked.
 *
 * @param certificate DER or PEM
 * @returns DER
 * @throws {AuthenticationError} PROOF_INVALID: it is no certificate
 */
export function clientCertificateDer(certificate: unknown): Uint8Array {
  const der = isBytes(certificate) ? certificate : fromPem(certificate);
  if (der.length > MAX_BYTES) throw proofInvalid(`the client certificate is longer than ${MAX_BYTES} bytes`);
  try {
    const outer = new DerReader(der);
    const signed = outer.read(Tag.sequence);
    outer.finish();
    for (const part of [Tag.sequence, Tag.sequence, Tag.bitString]) signed.skip(part);
    signed.finish();
  } catch (cause) {
    throw proofInvalid('the client certificate is no DER certificate', cause);
  }
  return der;
}

/** The thumbprint of RFC 8705 section 3.1: SHA-256 of the DER, base64url. */
export async function certificateThumbprint(crypto: CryptoProvider, der: Uint8Array): Promise<string> {
  return toBase64Url(await crypto.digest('SHA-256', der));
}

function fromPem(text: unknown): Uint8Array {
  if (typeof text !== 'string' || text.length > 2 * MAX_BYTES) {
    throw proofInvalid('the client certificate is neither DER nor PEM of a reasonable size');
  }
  try {
    return (decodePem(text, { label: 'CERTIFICATE', maxBlocks: 1 })[0] as PemBlock).der;
  } catch (cause) {
    throw proofInvalid('the client certificate is no PEM', cause);
  }
}

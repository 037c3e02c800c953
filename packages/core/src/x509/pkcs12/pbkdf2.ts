import type { DerReader } from '../../encoding/der/reader.ts';
import { Tag } from '../../encoding/der/tags.ts';
import { derInteger, derNull, derOctetString, derOid, derSequence } from '../../encoding/der/writer.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import type { TriedPassword } from './password.ts';
import { pkcs12Invalid } from './pkcs12-invalid.ts';
import { HMAC_DIGESTS, Pkcs12Oid } from './pkcs12-oids.ts';

/** What a key is derived with (RFC 8018 appendix A.2: PBKDF2-params). */
export interface Pbkdf2Parameters {
  readonly salt: Uint8Array;
  readonly iterations: number;
  readonly digest: 'SHA-1' | 'SHA-256' | 'SHA-512';
  /** Bytes; undefined where the file leaves it to the cipher. */
  readonly keyLength: number | undefined;
}

/** The most that one key takes. */
const MAX_ITERATIONS = 2_000_000;
const MAX_KEY_LENGTH = 64;
const DIGEST_LENGTH = { 'SHA-1': 20, 'SHA-256': 32, 'SHA-512': 64 } as const;

/** Writes the AlgorithmIdentifier of PBKDF2 with HMAC-SHA-256. */
export function encodePbkdf2(salt: Uint8Array, iterations: number): Uint8Array {
  const prf = derSequence(derOid(Pkcs12Oid.hmacSha256), derNull());
  return derSequence(derOid(Pkcs12Oid.pbkdf2), derSequence(derOctetString(salt), derInteger(iterations), prf));
}

/**
 * Reads the AlgorithmIdentifier of a key derivation.
 *
 * @param algorithm - of its content
 * @throws {InvalidInputError} PKCS12_INVALID: another one than PBKDF2, an unknown digest, or more iterations than a reader should do
 */
export function readPbkdf2(algorithm: DerReader): Pbkdf2Parameters {
  const oid = algorithm.oid();
  if (oid !== Pkcs12Oid.pbkdf2) throw pkcs12Invalid(`a key is derived with ${oid}, which is not supported`);
  const parameters = algorithm.read(Tag.sequence);
  algorithm.finish();
  const salt = parameters.octetString();
  const iterations = parameters.smallInteger();
  if (iterations < 1 || iterations > MAX_ITERATIONS)
    throw pkcs12Invalid(`a key takes ${iterations} iterations, not 1 to ${MAX_ITERATIONS}`);
  const keyLength = parameters.peekTag() === Tag.integer ? parameters.smallInteger() : undefined;
  if (keyLength !== undefined && (keyLength < 1 || keyLength > MAX_KEY_LENGTH))
    throw pkcs12Invalid(`a key has ${keyLength} octets, not 1 to ${MAX_KEY_LENGTH}`);
  // SHA-1 is the default that nobody writes.
  const prf = parameters.optional(Tag.sequence)?.oid() ?? '1.2.840.113549.2.7';
  parameters.finish();
  const digest = HMAC_DIGESTS.get(prf);
  if (digest === undefined) throw pkcs12Invalid(`a key is derived by ${prf}, which is not supported`);
  return { salt, iterations, digest, keyLength };
}

/**
 * Derives a key of so many bytes.
 *
 * @throws {InvalidInputError} PKCS12_INVALID: all keys of the file together take more work than a reader should do
 */
export async function derivePbkdf2(
  { digest, salt, iterations }: Pbkdf2Parameters,
  length: number,
  { utf8, work }: TriedPassword,
  crypto: CryptoProvider,
): Promise<Uint8Array> {
  // Each block of a key longer than the digest costs all iterations again.
  work.left -= iterations * Math.ceil(length / DIGEST_LENGTH[digest]);
  if (work.left < 0) throw pkcs12Invalid('its keys together take too many iterations');
  return crypto.pbkdf2(digest, utf8, salt, iterations, length);
}

import { DerReader } from '../encoding/der/reader.ts';
import { Tag } from '../encoding/der/tags.ts';
import type { CryptoProvider, MaybePromise } from '../ports/crypto.ts';
import { andThen } from '../ports/maybe-promise.ts';

const LENGTH = 20;

/**
 * Derives a key identifier: the leftmost 160 bits of the SHA-256 of the subjectPublicKey bits (RFC 7093 section 2, method 1).
 *
 * @param spki - SubjectPublicKeyInfo, DER
 * @param crypto - digests
 * @returns 20 octets
 * @throws {InvalidInputError} DER_INVALID: not a SubjectPublicKeyInfo
 */
export function keyIdentifier(spki: Uint8Array, crypto: CryptoProvider): MaybePromise<Uint8Array> {
  const content = new DerReader(spki).read(Tag.sequence);
  content.skip(Tag.sequence);
  return andThen(crypto.digest('SHA-256', content.bitString().bytes), (digest) => digest.slice(0, LENGTH));
}

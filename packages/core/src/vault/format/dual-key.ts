import { concatBytes, utf8 } from '../../encoding/bytes.ts';
import { checkKey, KEY_LENGTH } from './cobblestone/message-key.ts';
import type { VaultPrimitives } from './primitives.ts';

const NO_SALT = new Uint8Array(64);
const INFO_AND_BLOCK = utf8('chancery vault dual key 1\u0001');

/**
 * Combines the two halves of a `dual` record's key by HKDF-SHA-512 (RFC 5869), without salt. One half says nothing of the key.
 *
 * @param primitives the cryptography
 * @param userKey the user's half, 32 uniformly random bytes
 * @param heldKey the half that is kept for the owner, 32 uniformly random bytes
 * @returns the record's key, 32 bytes
 * @throws {InvalidInputError} INVALID_ARGUMENT: a half has another length
 */
export async function combineKeys(
  primitives: Pick<VaultPrimitives, 'hmac'>,
  userKey: Uint8Array,
  heldKey: Uint8Array,
): Promise<Uint8Array> {
  checkKey(userKey);
  checkKey(heldKey);
  const halves = concatBytes([userKey, heldKey]);
  const pseudorandomKey = await primitives.hmac('SHA-512', NO_SALT, halves);
  halves.fill(0);
  const block = await primitives.hmac('SHA-512', pseudorandomKey, INFO_AND_BLOCK);
  pseudorandomKey.fill(0);
  const key = block.slice(0, KEY_LENGTH);
  block.fill(0);
  return key;
}

import { constantTimeEqual } from '../../../crypto/constant-time.ts';
import { isBytes, utf8 } from '../../../encoding/bytes.ts';
import { InvalidInputError } from '../../../errors/families.ts';
import type { MaybePromise } from '../../../ports/crypto.ts';
import { andThen } from '../../../ports/maybe-promise.ts';
import type { VaultPrimitives } from '../primitives.ts';
import { WorkingBytes } from '../working-bytes.ts';
import { ChunkCipher } from './chunk-cipher.ts';
import { PREAMBLE_LENGTH, SALT_LENGTH, truncated } from './sizes.ts';

/** The length of an input key, in bytes. */
export const KEY_LENGTH = 32;

const PREFIX = utf8('c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0');
const DIGEST_LENGTH = 64;
const INFO_LENGTH = PREFIX.length + SALT_LENGTH;
// block 1 of HKDF-Expand: key | base nonce | the first bytes of the commitment, which block 2 completes
const NONCE_AT = KEY_LENGTH;
const COMMITMENT_AT = NONCE_AT + 12;
/** Enough for ids of the usual lengths. */
const inputs = new WorkingBytes(512);

/** A message to be sealed: what it begins with, and the cipher for its chunks. */
export interface NewMessage {
  /** Salt and commitment. */
  readonly preamble: Uint8Array;
  readonly cipher: ChunkCipher;
}

/**
 * Draws a salt, and derives the keys of a new message.
 *
 * @param primitives the cryptography
 * @param key 32 uniformly random bytes; any number of messages may share it
 * @param context what the message is bound to, of any length
 * @returns the preamble and the cipher
 * @throws {InvalidInputError} INVALID_ARGUMENT: the key has another length
 */
export function newMessage(
  primitives: VaultPrimitives,
  key: Uint8Array,
  context: Uint8Array,
): MaybePromise<NewMessage> {
  return deriveMessage(primitives, key, primitives.randomBytes(SALT_LENGTH), context);
}

/**
 * Derives the keys of a sealed message, and checks that it commits to this key and context. No chunk is opened.
 *
 * @param primitives the cryptography
 * @param key 32 bytes
 * @param context what the message was bound to
 * @param sealed the message, or its beginning: salt and commitment at least
 * @returns the cipher, or undefined when the commitment is to another key or context
 * @throws {SealError} SEAL_TRUNCATED: it has no salt and commitment
 * @throws {InvalidInputError} INVALID_ARGUMENT: the key has another length
 */
export function committedMessage(
  primitives: VaultPrimitives,
  key: Uint8Array,
  context: Uint8Array,
  sealed: Uint8Array,
): MaybePromise<ChunkCipher | undefined> {
  if (sealed.length < PREAMBLE_LENGTH) throw truncated(sealed.length);
  const derived = deriveMessage(primitives, key, sealed.subarray(0, SALT_LENGTH), context);
  return andThen(derived, ({ preamble, cipher }) =>
    constantTimeEqual(preamble, sealed.subarray(0, PREAMBLE_LENGTH)) ? cipher : undefined,
  );
}

/**
 * Checks that a key is one.
 *
 * @throws {InvalidInputError} INVALID_ARGUMENT: it is not 32 bytes
 */
export function checkKey(key: Uint8Array): void {
  if (isBytes(key) && key.length === KEY_LENGTH) return;
  const found = isBytes(key) ? `${key.length} bytes` : typeof key;
  throw new InvalidInputError('INVALID_ARGUMENT', `A record's key is ${KEY_LENGTH} bytes, not ${found}`);
}

/** HKDF-Expand with SHA-512 (RFC 5869 section 2.3): key, base nonce and commitment take two blocks. */
function deriveMessage(
  primitives: VaultPrimitives,
  key: Uint8Array,
  salt: Uint8Array,
  context: Uint8Array,
): MaybePromise<NewMessage> {
  checkKey(key);
  // block 1 | info | number of the block: the second HMAC takes all of it, the first begins at the info
  const input = inputs.take(DIGEST_LENGTH + INFO_LENGTH + context.length + 1);
  input.set(PREFIX, DIGEST_LENGTH);
  input.set(salt, DIGEST_LENGTH + PREFIX.length);
  input.set(context, DIGEST_LENGTH + INFO_LENGTH);
  input[input.length - 1] = 1;
  return andThen(primitives.hmac('SHA-512', key, input.subarray(DIGEST_LENGTH)), (first) => {
    input.set(first);
    input[input.length - 1] = 2;
    return andThen(primitives.hmac('SHA-512', key, input), (second) => {
      inputs.giveBack(input);
      return andThen(primitives.aeadKey(first.subarray(0, NONCE_AT)), (messageKey) => {
        first.fill(0, 0, NONCE_AT);
        const cipher = new ChunkCipher(messageKey, first.subarray(NONCE_AT, COMMITMENT_AT));
        return { preamble: preambleOf(salt, first, second), cipher };
      });
    });
  });
}

function preambleOf(salt: Uint8Array, first: Uint8Array, second: Uint8Array): Uint8Array {
  const preamble = new Uint8Array(PREAMBLE_LENGTH);
  preamble.set(salt);
  for (let at = SALT_LENGTH, from = COMMITMENT_AT; at < PREAMBLE_LENGTH; at++, from++) {
    preamble[at] = (from < DIGEST_LENGTH ? first[from] : second[from - DIGEST_LENGTH]) as number;
  }
  return preamble;
}

import { InvalidInputError, SealError } from '../../../errors/families.ts';

/** The length of every chunk of a message but the final one, which is shorter, in bytes. */
export const CHUNK_LENGTH = 16_384;
/** The length of the tag behind each sealed chunk, in bytes. */
export const TAG_LENGTH = 16;
/** The length of every sealed chunk but the final one, in bytes. */
export const SEALED_CHUNK_LENGTH = CHUNK_LENGTH + TAG_LENGTH;
/** The length of the random salt that a sealed message begins with, in bytes. */
export const SALT_LENGTH = 24;
/** The length of the commitment to the key, which follows the salt, in bytes. */
export const COMMITMENT_LENGTH = 32;
/** The length of salt and commitment, in bytes: the first chunk begins here. */
export const PREAMBLE_LENGTH = SALT_LENGTH + COMMITMENT_LENGTH;
/** The most chunks that a message has. */
export const MAX_CHUNKS = 2 ** 38;
/** The longest message, in bytes. */
export const MAX_MESSAGE_LENGTH = MAX_CHUNKS * CHUNK_LENGTH - 1;

/**
 * Tells how many chunks a message has.
 *
 * @param messageLength in bytes
 * @returns at least one: the final chunk may be empty
 */
export function chunkCount(messageLength: number): number {
  return Math.floor(messageLength / CHUNK_LENGTH) + 1;
}

/**
 * Tells how long a message is once it is sealed.
 *
 * @param messageLength in bytes
 * @returns the length with salt, commitment and tags, in bytes
 * @throws {InvalidInputError} INVALID_ARGUMENT: no message is that long
 */
export function sealedLength(messageLength: number): number {
  checkMessageLength(messageLength);
  return PREAMBLE_LENGTH + messageLength + chunkCount(messageLength) * TAG_LENGTH;
}

/**
 * Tells how long a sealed message's plaintext is. There is at most one answer for each length.
 *
 * @param sealed the length of the sealed message, in bytes
 * @returns the length of the message, in bytes
 * @throws {SealError} SEAL_TRUNCATED: no sealed message is that long; its end is missing
 * @throws {SealError} SEAL_INVALID: no sealed message is that long; it is past the limit
 */
export function messageLength(sealed: number): number {
  const chunks = sealed - PREAMBLE_LENGTH;
  const finalChunk = chunks % SEALED_CHUNK_LENGTH;
  if (chunks < 0 || finalChunk < TAG_LENGTH) throw truncated(sealed);
  const length = Math.floor(chunks / SEALED_CHUNK_LENGTH) * CHUNK_LENGTH + finalChunk - TAG_LENGTH;
  if (length > MAX_MESSAGE_LENGTH) throw new SealError('SEAL_INVALID', `No sealed message has ${sealed} bytes`);
  return length;
}

/**
 * Makes the error for a sealed value that ends before its final chunk does.
 *
 * @param length how much of it there is, in bytes
 * @returns SEAL_TRUNCATED
 */
export function truncated(length: number): SealError {
  return new SealError('SEAL_TRUNCATED', `The sealed value is cut off after ${length} bytes`, { facts: { length } });
}

function checkMessageLength(length: number): void {
  if (Number.isSafeInteger(length) && length >= 0 && length <= MAX_MESSAGE_LENGTH) return;
  throw new InvalidInputError('INVALID_ARGUMENT', `No message has ${length} bytes: at most ${MAX_MESSAGE_LENGTH}`, {
    facts: { length },
  });
}

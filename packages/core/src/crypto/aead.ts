import { isBytes } from '../encoding/bytes.ts';
import { InvalidInputError, SealError } from '../errors/families.ts';

/** The length of an AES-256-GCM key, in bytes. */
export const KEY_LENGTH = 32;
/** The length of an AES-256-GCM nonce, in bytes (NIST SP 800-38D section 8.2). */
export const NONCE_LENGTH = 12;
/** The length of the tag behind the ciphertext, in bytes. */
export const TAG_LENGTH = 16;

/**
 * Checks the sizes of an AES-256-GCM key and nonce.
 *
 * @throws {InvalidInputError} INVALID_ARGUMENT: one has another length, or is no bytes
 */
export function checkAead(key: Uint8Array, nonce: Uint8Array): void {
  checkLength('key', KEY_LENGTH, key);
  checkLength('nonce', NONCE_LENGTH, nonce);
}

/**
 * Checks the size of a part of an AES-256-GCM operation.
 *
 * @param what its name
 * @param expected how many bytes it must have
 * @throws {InvalidInputError} INVALID_ARGUMENT: it has another length, or is no bytes
 */
export function checkLength(what: 'key' | 'nonce' | 'output', expected: number, actual: Uint8Array): void {
  // Text of 32 letters, copied into an array, would be a key of zeros.
  if (!isBytes(actual)) throw notBytes(what, expected);
  if (actual.length !== expected) throw wrongLength(what, expected, actual.length);
}

/**
 * Makes the one error for everything that does not authenticate, so that it tells an attacker nothing more.
 *
 * @param cause what the cipher said, if it was asked
 * @returns SEAL_OPEN_FAILED
 */
export function cannotOpen(cause?: unknown): SealError {
  const message = 'The sealed value does not open: wrong key, wrong context, or changed since';
  return new SealError('SEAL_OPEN_FAILED', message, cause === undefined ? {} : { cause });
}

function notBytes(what: string, expected: number): InvalidInputError {
  return new InvalidInputError('INVALID_ARGUMENT', `An AES-256-GCM ${what} must be a Uint8Array of ${expected} bytes`, {
    facts: { expected },
  });
}

function wrongLength(what: string, expected: number, actual: number): InvalidInputError {
  return new InvalidInputError('INVALID_ARGUMENT', `An AES-256-GCM ${what} has ${expected} bytes, not ${actual}`, {
    facts: { expected, actual },
  });
}

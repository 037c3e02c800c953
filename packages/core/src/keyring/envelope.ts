import { concatBytes, isBytes, utf8 } from '../encoding/bytes.ts';
import { InvalidInputError, SealError } from '../errors/families.ts';
import { quote } from '../errors/quote.ts';
import { requireObject } from '../errors/require-object.ts';
import type { SealContext } from './keyring.ts';

// version | length of key id | key id | salt | ciphertext and tag
const VERSION = 1;
const MIN_CIPHERTEXT = 16;
const KEY_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const LONE_SURROGATE = /\p{Surrogate}/u;

/** The length of the salt that gives each envelope a key of its own, in bytes. */
export const SALT_LENGTH = 32;

/** An envelope taken apart. The byte strings are views. */
export interface Envelope {
  readonly keyId: string;
  /** Version and key id, as they are authenticated. */
  readonly header: Uint8Array;
  readonly salt: Uint8Array;
  readonly ciphertext: Uint8Array;
}

/**
 * Checks the id of a key.
 *
 * @param keyId letters, digits, dot, underscore and hyphen, 1 to 64 of them, the first a letter or digit
 * @returns the same id
 * @throws {InvalidInputError} INVALID_ARGUMENT: it is not such an id
 */
export function checkKeyId(keyId: string): string {
  if (typeof keyId === 'string' && KEY_ID.test(keyId)) return keyId;
  throw new InvalidInputError('INVALID_ARGUMENT', `${quote(keyId)} is not a key id: ${KEY_ID.source}`);
}

/**
 * Writes the part of an envelope in front of the salt.
 *
 * @param keyId the id of the key that seals, checked
 * @returns version and key id
 */
export function envelopeHeader(keyId: string): Uint8Array {
  return concatBytes([Uint8Array.of(VERSION, keyId.length), utf8(keyId)]);
}

/**
 * Takes an envelope apart.
 *
 * @param sealed the envelope
 * @returns its parts
 * @throws {SealError} SEAL_INVALID: it is cut off, of an unknown version, or names no key
 */
export function parseEnvelope(sealed: Uint8Array): Envelope {
  if (!isBytes(sealed)) throw notAnEnvelope('it is no bytes');
  if (sealed[0] !== VERSION) {
    throw notAnEnvelope(sealed.length === 0 ? 'it is empty' : `its version is ${sealed[0]}, not ${VERSION}`);
  }
  const saltAt = 2 + (sealed[1] ?? 0);
  const ciphertextAt = saltAt + SALT_LENGTH;
  if (sealed.length < ciphertextAt + MIN_CIPHERTEXT) throw notAnEnvelope(`its ${sealed.length} bytes are too few`);
  const keyId = String.fromCharCode(...sealed.subarray(2, saltAt));
  if (!KEY_ID.test(keyId)) throw notAnEnvelope('it names no key');
  return {
    keyId,
    header: sealed.subarray(0, saltAt),
    salt: sealed.subarray(saltAt, ciphertextAt),
    ciphertext: sealed.subarray(ciphertextAt),
  };
}

/**
 * Encodes what an envelope is bound to. Each part has its length in front, so that no two places read alike.
 *
 * @param header version and key id
 * @param context the place
 * @returns the AAD
 * @throws {InvalidInputError} INVALID_ARGUMENT: a part of the context is not a string of well-formed Unicode
 */
export function envelopeAad(header: Uint8Array, context: SealContext): Uint8Array {
  requireObject(context, 'A seal context');
  const parts = [header];
  for (const name of ['namespace', 'collection', 'id', 'field'] as const) {
    const part = context[name];
    // UTF-8 has one replacement for every lone surrogate, so two different ids would be one place.
    if (typeof part !== 'string' || LONE_SURROGATE.test(part)) {
      throw new InvalidInputError('INVALID_ARGUMENT', `The ${name} of a seal context is not well-formed text`);
    }
    const bytes = utf8(part);
    parts.push(Uint8Array.of(bytes.length >>> 24, bytes.length >>> 16, bytes.length >>> 8, bytes.length), bytes);
  }
  return concatBytes(parts);
}

function notAnEnvelope(problem: string): SealError {
  return new SealError('SEAL_INVALID', `The value is not a sealed envelope: ${problem}`);
}

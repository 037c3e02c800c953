import { InvalidInputError } from '../errors/families.ts';

const encoder = new TextEncoder();
const SHORT = 64;
/** From here on zeros take time: a tenth of what it takes to encrypt as many bytes. */
const LONG = 2_048;
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

// The getter on %TypedArray% reads an internal slot, so it answers for arrays of another realm and cannot be imitated.
const typedArrayName = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)
  ?.get as (this: unknown) => string | undefined;

/**
 * Tells whether a value is a `Uint8Array`, of this realm or of another (a `vm` context, a test runner's sandbox).
 *
 * @param value anything
 * @returns true for a `Uint8Array` or a subclass such as `Buffer`
 */
export function isBytes(value: unknown): value is Uint8Array {
  return typedArrayName.call(value) === 'Uint8Array';
}

/**
 * Joins byte strings into one newly allocated array.
 *
 * @param parts the byte strings, in order
 * @returns their concatenation; never a view of a part
 */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const joined = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/**
 * Allocates bytes for a caller who writes every one of them: until then anything may lie there.
 *
 * @param length how many
 * @returns an array with a buffer of its own; zeros where it is short, or the runtime gives nothing else
 */
export function unfilledBytes(length: number): Uint8Array {
  // By way of globalThis: a bundler would put a Buffer of its own in the place of the bare name.
  const unfilled = length < LONG ? undefined : globalThis.Buffer?.allocUnsafeSlow(length);
  return unfilled === undefined ? new Uint8Array(length) : new Uint8Array(unfilled.buffer);
}

/**
 * Compares two byte strings for equality. Not constant-time: for public values only.
 *
 * @returns true when both hold the same bytes
 */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) {
    if (a[at] !== b[at]) return false;
  }
  return true;
}

/**
 * Mixes bytes into a number to find them by (FNV-1a). Others can be made up that give the same one: what is found is to be
 * compared.
 *
 * @param bytes any
 * @returns a natural number of 31 bits
 */
export function hashBytes(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < bytes.length; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
  return hash & 0x7fffffff;
}

/**
 * Orders two byte strings lexicographically by unsigned byte; a prefix comes before what it begins.
 *
 * @returns a negative number, zero or a positive number, as `Array.prototype.sort` wants it
 */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let at = 0; at < shared; at++) {
    const difference = (a[at] as number) - (b[at] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/**
 * Encodes text as UTF-8 (RFC 3629).
 *
 * @param text the text; a lone surrogate becomes U+FFFD
 * @returns a newly allocated array
 */
export function utf8(text: string): Uint8Array {
  if (text.length > SHORT) return encoder.encode(text);
  // Most names and labels are a few ASCII characters, for which a loop beats the call into the encoder.
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code > 0x7f) return encoder.encode(text);
    bytes[at] = code;
  }
  return bytes;
}

/**
 * Decodes UTF-8 (RFC 3629) and accepts nothing else. A byte order mark is kept as a character.
 *
 * @param bytes the encoded text
 * @returns the text
 * @throws {InvalidInputError} INVALID_ARGUMENT: the bytes are not well-formed UTF-8
 */
export function fromUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new InvalidInputError('INVALID_ARGUMENT', `${bytes.length} bytes are not well-formed UTF-8`, { cause });
  }
}

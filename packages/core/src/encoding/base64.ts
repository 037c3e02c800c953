import { Buffer } from 'node:buffer';
import { InvalidInputError } from '../errors/families.ts';

/**
 * Encodes bytes as base64 with padding (RFC 4648 section 4).
 *
 * @param bytes the bytes
 * @returns the text, without line breaks
 */
export function toBase64(bytes: Uint8Array): string {
  return view(bytes).toString('base64');
}

/**
 * Decodes base64 strictly (RFC 4648 section 4): padding required, no line breaks, no stray bits, one spelling a value.
 *
 * @param text the text
 * @returns the bytes, newly allocated
 * @throws {InvalidInputError} BASE64_INVALID: it is anything else
 */
export function fromBase64(text: string): Uint8Array {
  if (typeof text !== 'string') throw invalid(`Base64 is ${typeof text}, not a string`);
  if (text.length % 4 !== 0) throw invalid(`Base64 has ${text.length} characters, not a multiple of 4`);
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  return decode(text, 'base64', (text.length / 4) * 3 - padding);
}

/**
 * Encodes bytes as base64url without padding (RFC 4648 section 5), as JOSE and ACME use it.
 *
 * @param bytes the bytes
 * @returns the text
 */
export function toBase64Url(bytes: Uint8Array): string {
  return view(bytes).toString('base64url');
}

/**
 * Decodes base64url strictly (RFC 4648 section 5): no padding, no line breaks, no stray bits, one spelling a value.
 *
 * @param text the text
 * @returns the bytes, newly allocated
 * @throws {InvalidInputError} BASE64_INVALID: it is anything else
 */
export function fromBase64Url(text: string): Uint8Array {
  if (typeof text !== 'string') throw invalid(`Base64url is ${typeof text}, not a string`);
  if (text.length % 4 === 1) throw invalid(`Base64url has ${text.length} characters, which no number of bytes has`);
  return decode(text, 'base64url', Math.floor((text.length * 3) / 4));
}

function decode(text: string, alphabet: 'base64' | 'base64url', length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  const buffer = Buffer.from(bytes.buffer);
  // Node's decoder forgives both alphabets, white space and stray bits; only the canonical spelling survives the return.
  if (buffer.write(text, alphabet) !== length || buffer.toString(alphabet) !== text) {
    throw invalid(`Text of ${text.length} characters is not canonical ${alphabet}`);
  }
  return bytes;
}

function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function invalid(message: string): InvalidInputError {
  return new InvalidInputError('BASE64_INVALID', message);
}

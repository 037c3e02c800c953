import { Buffer } from 'node:buffer';
import { InvalidInputError } from '../errors/families.ts';

// Serial numbers and key identifiers are this short, and a loop over them beats the call into the runtime.
const SHORT = 32;
const PAIRS: readonly string[] = Array.from({ length: 256 }, (_, octet) => octet.toString(16).padStart(2, '0'));
const NOT_A_DIGIT = 0x10;

/**
 * Encodes bytes as hexadecimal (RFC 4648 section 8).
 *
 * @param bytes the bytes
 * @returns lower-case digits, two a byte
 */
export function toHex(bytes: Uint8Array): string {
  if (bytes.length > SHORT) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
  let text = '';
  for (let at = 0; at < bytes.length; at++) text += PAIRS[bytes[at] as number];
  return text;
}

/**
 * Decodes hexadecimal.
 *
 * @param text digits of either case, two a byte, without separators
 * @returns the bytes, newly allocated
 * @throws {InvalidInputError} HEX_INVALID: an odd number of digits, or another character
 */
export function fromHex(text: string): Uint8Array {
  if (typeof text !== 'string') throw invalid(`Hexadecimal is ${typeof text}, not a string`);
  if (text.length % 2 !== 0) throw invalid(`Hexadecimal has ${text.length} digits, an odd number`);
  const bytes = new Uint8Array(text.length / 2);
  const decoded = bytes.length > SHORT ? Buffer.from(bytes.buffer).write(text, 'hex') : decodeShort(text, bytes);
  if (decoded < bytes.length) {
    throw invalid(`Hexadecimal has another character than a digit at position ${decoded * 2} or ${decoded * 2 + 1}`);
  }
  return bytes;
}

function decodeShort(text: string, bytes: Uint8Array): number {
  for (let at = 0; at < bytes.length; at++) {
    const high = digit(text.charCodeAt(at * 2));
    const low = digit(text.charCodeAt(at * 2 + 1));
    if ((high | low) >= NOT_A_DIGIT) return at;
    bytes[at] = (high << 4) | low;
  }
  return bytes.length;
}

function digit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : NOT_A_DIGIT;
}

function invalid(message: string): InvalidInputError {
  return new InvalidInputError('HEX_INVALID', message);
}

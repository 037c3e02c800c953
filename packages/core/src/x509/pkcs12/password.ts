import { utf8 } from '../../encoding/bytes.ts';
import { InvalidInputError } from '../../errors/families.ts';

const MAX_LENGTH = 1024;

/** A password in the two encodings that a PKCS#12 file uses. */
export interface Pkcs12Password {
  /** UTF-16, big-endian, with two zero octets at the end: for the MAC (RFC 7292 appendix B.1). */
  readonly utf16: Uint8Array;
  /** UTF-8: for PBES2 and PBMAC1 (RFC 8018 section 3). */
  readonly utf8: Uint8Array;
}

/** A password that is tried on a file, and how much work the file may still make of that. */
export interface TriedPassword extends Pkcs12Password {
  /** PBKDF2 iterations, counted for each block of the derived keys. */
  readonly work: { left: number };
}

/**
 * Encodes a password.
 *
 * @param password - 1 to 1,024 characters of well-formed Unicode; where a file is read it may be empty
 * @throws {InvalidInputError} INVALID_ARGUMENT: it is no such text; it is not quoted
 */
export function encodePassword(password: unknown, { mayBeEmpty }: { readonly mayBeEmpty: boolean }): Pkcs12Password {
  if (typeof password !== 'string')
    throw new InvalidInputError('INVALID_ARGUMENT', `password must be text, not ${typeof password}`);
  if (password === '' && !mayBeEmpty)
    throw new InvalidInputError('INVALID_ARGUMENT', 'password must not be empty: it alone protects the private key');
  if (password.length > MAX_LENGTH || /\p{Surrogate}/u.test(password)) {
    throw new InvalidInputError(
      'INVALID_ARGUMENT',
      `password must be well-formed Unicode of at most ${MAX_LENGTH} characters`,
    );
  }
  return { utf16: utf16(`${password}\0`), utf8: utf8(password) };
}

/** UTF-16, big-endian: what a BMPString holds. */
export function utf16(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 2);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < text.length; at++) view.setUint16(at * 2, text.charCodeAt(at));
  return bytes;
}

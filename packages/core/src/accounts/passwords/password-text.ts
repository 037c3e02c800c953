import { utf8 } from '../../encoding/bytes.ts';
import { isWellFormedText } from '../text.ts';

const MOST_BYTES = 1_024;
/** No normalization makes fewer bytes of more code units than this. */
const MOST_UNITS = 4 * MOST_BYTES;

/** A password that may be hashed. */
export interface PasswordText {
  /** Normalized to NFC, so that it does not matter which keyboard composed an accent. */
  readonly text: string;
  /** The text in UTF-8: what is hashed. */
  readonly bytes: Uint8Array;
  /** The characters in UTF-8 as they were typed: what other systems have hashed. */
  readonly typed: Uint8Array;
}

/**
 * Judges whether a text can be a password at all (RFC 8265 section 4.2, without the mapping of spaces). What is too long is refused, never
 * cut off: two long passwords must not be one.
 *
 * @returns the password, or what is wrong with it; never a part of it
 */
export function parsePasswordText(password: string): PasswordText | { readonly fault: string } {
  if (password.length === 0) return { fault: 'must not be empty' };
  if (password.length > MOST_UNITS) return tooLong();
  if (!isWellFormedText(password)) return { fault: 'must be well-formed Unicode without control characters' };
  const text = password.normalize('NFC');
  const bytes = utf8(text);
  if (bytes.length > MOST_BYTES) return tooLong();
  return { text, bytes, typed: text === password ? bytes : utf8(password) };
}

function tooLong(): { readonly fault: string } {
  return { fault: `must have at most ${MOST_BYTES} bytes in UTF-8` };
}

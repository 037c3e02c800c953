import { utf8 } from '../encoding/bytes.ts';
import { InvalidInputError } from '../errors/families.ts';
import type { ScryptCost } from '../ports/crypto.ts';

/** The least number of characters in a passphrase (NIST SP 800-63B-4 section 3.1.1.2, a sole authenticator). */
export const MIN_PASSPHRASE_LENGTH = 15;

/** The cost of deriving a key from a passphrase: 128 MiB and about half a second of a server's core. */
export const PASSPHRASE_COST: ScryptCost = { cost: 2 ** 17, blockSize: 8, parallelization: 1 };

/**
 * Turns a passphrase into the bytes to derive a key from: NFKC, so that it does not matter which keyboard composed an
 * accent (NIST SP 800-63B-4 section 3.1.1.2), then UTF-8.
 *
 * @param passphrase at least 15 characters, counted as Unicode code points after normalization
 * @returns the bytes
 * @throws {InvalidInputError} PASSPHRASE_TOO_SHORT: fewer characters; the error tells how many there were
 * @throws {InvalidInputError} INVALID_ARGUMENT: it is not a string
 */
export function passphraseBytes(passphrase: string): Uint8Array {
  if (typeof passphrase !== 'string') {
    throw new InvalidInputError('INVALID_ARGUMENT', `A passphrase is a string, not ${typeof passphrase}`);
  }
  const normalized = passphrase.normalize('NFKC');
  const length = [...normalized].length;
  if (length < MIN_PASSPHRASE_LENGTH) {
    throw new InvalidInputError(
      'PASSPHRASE_TOO_SHORT',
      `A passphrase has ${MIN_PASSPHRASE_LENGTH} characters or more, this one has ${length}`,
      { facts: { minimum: MIN_PASSPHRASE_LENGTH, length } },
    );
  }
  return utf8(normalized);
}

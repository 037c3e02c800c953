import type { CryptoProvider } from '../../ports/crypto.ts';
import { parseArgon2id } from './argon2id.ts';
import { isBcrypt, parseBcrypt } from './bcrypt.ts';
import { type PasswordHash, passwordHashInvalid } from './password-hash.ts';
import { isPbkdf2, parsePbkdf2 } from './pbkdf2.ts';
import { parseScrypt } from './scrypt.ts';

const LONGEST = 512;

/**
 * Reads an encoded password hash: argon2id and scrypt in the PHC string format, bcrypt, PBKDF2 in the forms of PHC, passlib and Django.
 *
 * @throws {InvalidInputError} PASSWORD_HASH_INVALID: in none of these forms, or its cost is past what one login may take
 */
export function parsePasswordHash(encoded: string, crypto: CryptoProvider): PasswordHash {
  if (typeof encoded !== 'string' || encoded.length > LONGEST) {
    throw passwordHashInvalid(`it is not a text of at most ${LONGEST} characters`);
  }
  if (encoded.startsWith('$argon2id$')) return parseArgon2id(encoded);
  if (encoded.startsWith('$scrypt$')) return parseScrypt(encoded, crypto);
  if (isBcrypt(encoded)) return parseBcrypt(encoded);
  if (isPbkdf2(encoded)) return parsePbkdf2(encoded, crypto);
  throw passwordHashInvalid('it is neither argon2id, scrypt, bcrypt nor PBKDF2 in a known form');
}

import { InvalidInputError } from '../../errors/families.ts';

/** The functions that a password hash may have been made by. The last two are verified, never made. */
export type PasswordHashAlgorithm = 'argon2id' | 'scrypt' | 'bcrypt' | 'pbkdf2';

/** An encoded password hash taken apart, ready to judge a password. */
export interface PasswordHash {
  readonly algorithm: PasswordHashAlgorithm;
  /** Function and cost in canonical form: two hashes of the same strength have the same. */
  readonly parameters: string;
  /**
   * Tells whether a password is the one, at the full cost of the hash, in constant time after that.
   *
   * @throws {ChanceryError} CRYPTO_UNSUPPORTED: the optional peer that the hash needs is not installed
   */
  verify(password: Uint8Array): Promise<boolean>;
}

/** Makes the error for an encoded hash that is malformed or out of bounds. It never quotes the hash. */
export function passwordHashInvalid(problem: string): InvalidInputError {
  return new InvalidInputError('PASSWORD_HASH_INVALID', `The password hash is refused: ${problem}`);
}

import type { CryptoProvider, ScryptCost } from '../../ports/crypto.ts';
import {
  ARGON2ID_COST,
  type Argon2idCost,
  argon2id,
  argon2idParameters,
  formatArgon2id,
  hasArgon2id,
  requireArgon2idCost,
} from './argon2id.ts';
import { parsePasswordHash } from './parse.ts';
import { formatScrypt, requireScryptCost, SCRYPT_COST, scryptParameters } from './scrypt.ts';

const SALT_LENGTH = 16;
const HASH_LENGTH = 32;

/** How passwords are hashed. */
export interface PasswordHashing {
  /** `argon2id` (RFC 9106) where `@node-rs/argon2` is installed, else `scrypt` (RFC 7914); named here, nothing else is taken. */
  readonly algorithm?: 'argon2id' | 'scrypt';
  /** Default m=19456 KiB, t=2, p=1. */
  readonly argon2id?: Argon2idCost;
  /** Default N=2^14, r=8, p=5. */
  readonly scrypt?: ScryptCost;
}

/** Hashes passwords by one function at one cost, and verifies whatever a hash was made by. */
export class PasswordHasher {
  readonly #crypto: CryptoProvider;
  readonly #argon2id: Argon2idCost;
  readonly #scrypt: ScryptCost;
  readonly #algorithm: 'argon2id' | 'scrypt' | undefined;

  /** @throws {InvalidInputError} PASSWORD_HASH_INVALID: a cost is out of bounds */
  constructor(crypto: CryptoProvider, hashing: PasswordHashing = {}) {
    this.#crypto = crypto;
    this.#algorithm = hashing.algorithm;
    this.#argon2id = hashing.argon2id ?? ARGON2ID_COST;
    this.#scrypt = hashing.scrypt ?? SCRYPT_COST;
    requireArgon2idCost(this.#argon2id);
    requireScryptCost(this.#scrypt);
  }

  /**
   * Hashes a password with a fresh salt.
   *
   * @returns the hash in the PHC string format
   * @throws {ChanceryError} CRYPTO_UNSUPPORTED: argon2id was asked for by name, and its package is not installed
   */
  async hash(password: Uint8Array): Promise<string> {
    const salt = this.#crypto.randomBytes(SALT_LENGTH);
    if (await this.#usesArgon2id()) {
      return formatArgon2id(this.#argon2id, salt, await argon2id(password, salt, this.#argon2id, HASH_LENGTH));
    }
    return formatScrypt(this.#scrypt, salt, await this.#crypto.scrypt(password, salt, this.#scrypt, HASH_LENGTH));
  }

  /** Makes a hash that no password is known to fit, without hashing: verifying against it costs what a real one costs. */
  async decoy(): Promise<string> {
    const salt = this.#crypto.randomBytes(SALT_LENGTH);
    const hash = this.#crypto.randomBytes(HASH_LENGTH);
    return (await this.#usesArgon2id())
      ? formatArgon2id(this.#argon2id, salt, hash)
      : formatScrypt(this.#scrypt, salt, hash);
  }

  /**
   * Judges a password.
   *
   * @param encoded - in any of the known forms
   * @throws {InvalidInputError} PASSWORD_HASH_INVALID: in none of them
   * @throws {ChanceryError} CRYPTO_UNSUPPORTED: the package that the form needs is not installed
   */
  verify(encoded: string, password: Uint8Array): Promise<boolean> {
    return parsePasswordHash(encoded, this.#crypto).verify(password);
  }

  /** Whether a hash was made by another function or at another cost than the present ones. */
  async needsRehash(encoded: string): Promise<boolean> {
    const current = (await this.#usesArgon2id()) ? argon2idParameters(this.#argon2id) : scryptParameters(this.#scrypt);
    return parsePasswordHash(encoded, this.#crypto).parameters !== current;
  }

  async #usesArgon2id(): Promise<boolean> {
    return this.#algorithm === 'argon2id' || (this.#algorithm === undefined && (await hasArgon2id()));
  }
}

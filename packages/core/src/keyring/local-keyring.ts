import { KEY_LENGTH, NONCE_LENGTH } from '../crypto/aead.ts';
import { nodeCrypto } from '../crypto/node-provider.ts';
import { PASSPHRASE_COST, passphraseBytes } from '../crypto/passphrase.ts';
import { concatBytes, isBytes, utf8 } from '../encoding/bytes.ts';
import { toHex } from '../encoding/hex.ts';
import { InvalidInputError, SealError } from '../errors/families.ts';
import { requireObject } from '../errors/require-object.ts';
import type { CryptoProvider, ScryptCost } from '../ports/crypto.ts';
import { checkKeyId, envelopeAad, envelopeHeader, parseEnvelope, SALT_LENGTH } from './envelope.ts';
import type { Keyring, SealContext } from './keyring.ts';

/** The keys of a `LocalKeyring`, for a secret manager to hold. Each is 32 random bytes. */
export interface KeyringKeys {
  /** The id of the key that seals. */
  readonly current: string;
  readonly keys: Readonly<Record<string, Uint8Array>>;
}

/** Options that every way of making a `LocalKeyring` takes. */
export interface LocalKeyringOptions {
  /** Default: `node:crypto`. */
  readonly crypto?: CryptoProvider;
}

/** Options of `LocalKeyring.fromPassphrase`. */
export interface PassphraseKeyringOptions extends LocalKeyringOptions {
  /** 16 random bytes or more, made once and stored beside the data; it is not secret. */
  readonly salt: Uint8Array;
  /** Default `passphrase`. */
  readonly keyId?: string;
  /** Default N=2^17, r=8, p=1. */
  readonly cost?: ScryptCost;
}

const MIN_SALT_LENGTH = 16;
const ENVELOPE_INFO = utf8('chancery keyring envelope 1');
// HKDF with a random salt gives every envelope a key of its own, which is used once: its nonce may be constant.
const NONCE = new Uint8Array(NONCE_LENGTH);

/**
 * A keyring whose keys are in this process.
 *
 * Each envelope is AES-256-GCM under a key derived by HKDF-SHA-256 (RFC 5869) from the keyring's key and a random
 * 32-byte salt, with the key id and the place as AAD. No count of envelopes wears a key out.
 *
 * @example
 * const keyring = LocalKeyring.generate();
 * await secretManager.write(keyring.export());
 */
export class LocalKeyring implements Keyring {
  readonly currentKeyId: string;
  readonly #keys: ReadonlyMap<string, Uint8Array>;
  readonly #header: Uint8Array;
  readonly #crypto: CryptoProvider;

  private constructor(current: string, keys: ReadonlyMap<string, Uint8Array>, crypto: CryptoProvider) {
    this.currentKeyId = current;
    this.#keys = keys;
    this.#header = envelopeHeader(current);
    this.#crypto = crypto;
  }

  /**
   * Makes a keyring with one random key. Keep what `export` gives: nothing opens without it.
   *
   * @returns the keyring; its key's id is random as well
   */
  static generate(options: LocalKeyringOptions = {}): LocalKeyring {
    requireObject(options, 'generate() options');
    const crypto = options.crypto ?? nodeCrypto();
    const keyId = randomKeyId(crypto);
    return new LocalKeyring(keyId, new Map([[keyId, crypto.randomBytes(KEY_LENGTH)]]), crypto);
  }

  /**
   * Makes a keyring of keys that are held elsewhere.
   *
   * @param keys every key by its id, and the id of the one that seals
   * @returns the keyring
   * @throws {InvalidInputError} INVALID_ARGUMENT: an id is malformed, a key is not 32 bytes, or `current` is not among them
   */
  static fromKeys(keys: KeyringKeys, options: LocalKeyringOptions = {}): LocalKeyring {
    if (typeof keys?.keys !== 'object' || keys.keys === null) {
      throw new InvalidInputError('INVALID_ARGUMENT', 'The keys of a keyring are an object of keys by their ids');
    }
    const held = new Map<string, Uint8Array>();
    for (const [keyId, key] of Object.entries(keys.keys)) {
      checkKeyId(keyId);
      if (!isBytes(key) || key.length !== KEY_LENGTH) {
        const actual = isBytes(key) ? `${key.length} bytes` : typeof key;
        throw new InvalidInputError(
          'INVALID_ARGUMENT',
          `Key '${keyId}' of the keyring is ${actual}, not ${KEY_LENGTH} bytes`,
        );
      }
      held.set(keyId, Uint8Array.from(key));
    }
    const current = checkKeyId(keys.current);
    if (!held.has(current)) {
      throw new InvalidInputError('INVALID_ARGUMENT', `The current key '${current}' is not among the keyring's keys`);
    }
    return new LocalKeyring(current, held, options.crypto ?? nodeCrypto());
  }

  /**
   * Derives a keyring's one key from a passphrase by scrypt (RFC 7914), in about half a second.
   *
   * @param passphrase 15 characters or more
   * @param options with the salt, which must be the same each time
   * @returns the keyring
   * @throws {InvalidInputError} PASSPHRASE_TOO_SHORT: fewer characters
   * @throws {InvalidInputError} INVALID_ARGUMENT: the salt has fewer than 16 bytes, or the id or the cost is malformed
   */
  static async fromPassphrase(passphrase: string, options: PassphraseKeyringOptions): Promise<LocalKeyring> {
    requireObject(options, 'fromPassphrase() options');
    const crypto = options.crypto ?? nodeCrypto();
    const keyId = checkKeyId(options.keyId ?? 'passphrase');
    const secret = passphraseBytes(passphrase);
    if (!isBytes(options.salt) || options.salt.length < MIN_SALT_LENGTH) {
      const actual = isBytes(options.salt) ? `${options.salt.length} bytes` : typeof options.salt;
      throw new InvalidInputError('INVALID_ARGUMENT', `The salt is ${actual}, not ${MIN_SALT_LENGTH} bytes or more`);
    }
    const key = await crypto.scrypt(secret, options.salt, options.cost ?? PASSPHRASE_COST, KEY_LENGTH);
    secret.fill(0);
    return new LocalKeyring(keyId, new Map([[keyId, key]]), crypto);
  }

  /**
   * Makes a keyring that seals with a fresh key and still opens what this one opens. Export it before it seals.
   *
   * @returns the successor; this keyring stays as it is
   */
  rotate(): LocalKeyring {
    const keyId = randomKeyId(this.#crypto);
    const keys = new Map(this.#keys).set(keyId, this.#crypto.randomBytes(KEY_LENGTH));
    return new LocalKeyring(keyId, keys, this.#crypto);
  }

  /**
   * Gives the keys away, for a secret manager to hold.
   *
   * @returns copies of all keys, as `fromKeys` takes them
   */
  export(): KeyringKeys {
    const keys = Object.fromEntries([...this.#keys].map(([keyId, key]) => [keyId, Uint8Array.from(key)]));
    return { current: this.currentKeyId, keys };
  }

  /** The ids of all keys that open, and no key. */
  toJSON(): { readonly currentKeyId: string; readonly keyIds: readonly string[] } {
    return { currentKeyId: this.currentKeyId, keyIds: [...this.#keys.keys()] };
  }

  /**
   * Seals a secret for one place with the current key.
   *
   * @param plaintext the secret
   * @param context where it will be stored
   * @returns the envelope, 50 bytes and the key id longer than the secret
   * @throws {InvalidInputError} INVALID_ARGUMENT: the secret is no bytes, or a part of the context is not well-formed text
   */
  async seal(plaintext: Uint8Array, context: SealContext): Promise<Uint8Array> {
    if (!isBytes(plaintext)) throw new InvalidInputError('INVALID_ARGUMENT', 'What is sealed must be bytes');
    const aad = envelopeAad(this.#header, context);
    const salt = this.#crypto.randomBytes(SALT_LENGTH);
    const key = await this.#envelopeKey(this.#keys.get(this.currentKeyId) as Uint8Array, salt);
    const ciphertext = await this.#crypto.aeadSeal(key, NONCE, aad, plaintext);
    key.fill(0);
    return concatBytes([this.#header, salt, ciphertext]);
  }

  /**
   * Opens an envelope that any key of this keyring has sealed.
   *
   * @param sealed the envelope
   * @param context where it was found
   * @returns the secret
   * @throws {SealError} SEAL_INVALID: it is no envelope
   * @throws {SealError} SEAL_KEY_UNKNOWN: the keyring does not hold the key that it names
   * @throws {SealError} SEAL_OPEN_FAILED: another key under that id, another place, or changed since
   * @throws {InvalidInputError} INVALID_ARGUMENT: a part of the context is not well-formed text
   */
  async open(sealed: Uint8Array, context: SealContext): Promise<Uint8Array> {
    const { keyId, header, salt, ciphertext } = parseEnvelope(sealed);
    const ringKey = this.#keys.get(keyId);
    if (!ringKey) {
      throw new SealError(
        'SEAL_KEY_UNKNOWN',
        `The value was sealed with key '${keyId}', which the keyring does not hold`,
        {
          facts: { keyId },
        },
      );
    }
    const aad = envelopeAad(header, context);
    const key = await this.#envelopeKey(ringKey, salt);
    const plaintext = await this.#crypto.aeadOpen(key, NONCE, aad, ciphertext);
    key.fill(0);
    return plaintext;
  }

  /**
   * Reads which key sealed an envelope, without opening it.
   *
   * @throws {SealError} SEAL_INVALID: it is no envelope
   */
  keyIdOf(sealed: Uint8Array): string {
    return parseEnvelope(sealed).keyId;
  }

  /**
   * Tells whether an envelope was sealed by another key than the current one.
   *
   * @throws {SealError} SEAL_INVALID: it is no envelope
   */
  needsReseal(sealed: Uint8Array): boolean {
    return this.keyIdOf(sealed) !== this.currentKeyId;
  }

  async #envelopeKey(ringKey: Uint8Array, salt: Uint8Array): Promise<Uint8Array> {
    return this.#crypto.hkdf('SHA-256', ringKey, salt, ENVELOPE_INFO, KEY_LENGTH);
  }
}

// Random, so that two keyrings made apart never use one id for two keys.
function randomKeyId(crypto: CryptoProvider): string {
  return `k-${toHex(crypto.randomBytes(8))}`;
}

import { uuidv7 } from '../../crypto/random-id.ts';
import { SealError } from '../../errors/families.ts';
import { parseEnvelope } from '../../keyring/envelope.ts';
import type { Keyring } from '../../keyring/keyring.ts';
import { LocalKeyring } from '../../keyring/local-keyring.ts';
import type { ErasureKeys } from '../../ports/erasure-keys.ts';
import { openField, type SealedField, sealField } from '../../store/seal.ts';
import type { Store } from '../../store/store.ts';
import type { ErasureKeyring } from './erasure-keyring.ts';

const KEY_LENGTH = 32;
/** One in use and one that retires; what is more has been destroyed and need not stay in memory. */
const MOST_HELD = 2;

const PREFIX = 'erasure-';

/**
 * Erasure keys that the vault makes and destroys, kept where the host says. What the keyring wrapped before the host said so still opens,
 * and is wrapped anew by the next maintenance.
 */
export class KeptErasureKeys implements ErasureKeyring {
  readonly #store: Store;
  readonly #keys: ErasureKeys;
  readonly #before: Keyring;
  readonly #held = new Map<string, Keyring>();

  constructor(store: Store, keys: ErasureKeys, before: Keyring) {
    this.#store = store;
    this.#keys = keys;
    this.#before = before;
  }

  async successor(present: string | undefined, wanted: boolean): Promise<string> {
    if (present?.startsWith(PREFIX) && !wanted) return present;
    const { clock, crypto } = this.#store;
    const keyId = `${PREFIX}${uuidv7(clock, crypto)}`;
    const key = crypto.randomBytes(KEY_LENGTH);
    await this.#keys.write(keyId, key);
    key.fill(0);
    return keyId;
  }

  async seal(keyId: string, place: SealedField, plaintext: Uint8Array): Promise<Uint8Array> {
    return sealField(this.#store, await this.#keyring(keyId), place, plaintext);
  }

  async open(place: SealedField, sealed: Uint8Array): Promise<Uint8Array> {
    return openField(this.#store, await this.#keyring(this.keyIdOf(sealed)), place, sealed);
  }

  keyIdOf(sealed: Uint8Array): string {
    return parseEnvelope(sealed).keyId;
  }

  async destroy(keyId: string): Promise<void> {
    this.#held.delete(keyId);
    if (keyId.startsWith(PREFIX)) await this.#keys.destroy(keyId);
  }

  // Read back even by the instance that made it: what cannot be read must not wrap anything.
  async #keyring(keyId: string): Promise<Keyring> {
    const held = this.#held.get(keyId);
    if (held !== undefined) return held;
    if (!keyId.startsWith(PREFIX)) return this.#before;
    const key = await this.#keys.read(keyId);
    if (key === undefined) {
      throw new SealError('SEAL_KEY_UNKNOWN', `The erasure key '${keyId}' is destroyed, or was never kept`, {
        facts: { keyId },
      });
    }
    const keyring = LocalKeyring.fromKeys({ current: keyId, keys: { [keyId]: key } }, { crypto: this.#store.crypto });
    this.#held.set(keyId, keyring);
    for (const oldest of this.#held.keys()) {
      if (this.#held.size <= MOST_HELD) break;
      this.#held.delete(oldest);
    }
    return keyring;
  }
}

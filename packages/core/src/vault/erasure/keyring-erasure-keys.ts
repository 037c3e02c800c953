import type { Keyring } from '../../keyring/keyring.ts';
import { openField, type SealedField, sealField } from '../../store/seal.ts';
import type { Store } from '../../store/store.ts';
import type { ErasureKeyring } from './erasure-keyring.ts';

/**
 * The keyring's own keys as erasure keys. The host makes them by rotating the keyring, and destroys them by dropping the former key from
 * it: backups are closed from when the keyring no longer opens what that key has sealed.
 */
export class KeyringErasureKeys implements ErasureKeyring {
  readonly #store: Store;
  readonly #keyring: Keyring;

  constructor(store: Store, keyring: Keyring) {
    this.#store = store;
    this.#keyring = keyring;
  }

  async successor(): Promise<string> {
    return this.#keyring.currentKeyId;
  }

  seal(_keyId: string, place: SealedField, plaintext: Uint8Array): Promise<Uint8Array> {
    return sealField(this.#store, this.#keyring, place, plaintext);
  }

  open(place: SealedField, sealed: Uint8Array): Promise<Uint8Array> {
    return openField(this.#store, this.#keyring, place, sealed);
  }

  keyIdOf(sealed: Uint8Array): string {
    return this.#keyring.keyIdOf(sealed);
  }

  async destroy(): Promise<void> {
    // The host's to do.
  }
}

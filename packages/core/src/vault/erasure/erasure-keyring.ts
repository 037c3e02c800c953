import type { SealedField } from '../../store/seal.ts';

/**
 * What wraps the keys of owners: the keyring itself, or keys that the vault makes and destroys. Its envelopes name the key that they
 * are under.
 */
export interface ErasureKeyring {
  /**
   * Says which key is to wrap from now on.
   *
   * @param present the key that does; undefined: none yet
   * @param wanted whether `present` is to be destroyed
   * @returns a key that is there for every instance; `present` where there is no reason or no way to change
   */
  successor(present: string | undefined, wanted: boolean): Promise<string>;

  /** Seals under a key, or under the present one where keys are not the vault's to choose. */
  seal(keyId: string, place: SealedField, plaintext: Uint8Array): Promise<Uint8Array>;

  /** @throws {SealError} SEAL_KEY_UNKNOWN: the key is gone; SEAL_OPEN_FAILED, SEAL_INVALID: tampered with */
  open(place: SealedField, sealed: Uint8Array): Promise<Uint8Array>;

  /** @throws {SealError} SEAL_INVALID: it is no envelope */
  keyIdOf(sealed: Uint8Array): string;

  /** Destroys a key, where keys are the vault's to destroy. Whether it is gone is for `open` to say. */
  destroy(keyId: string): Promise<void>;
}

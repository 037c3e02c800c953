import type { Abortable } from './abortable.ts';

/**
 * Where erasure keys are kept: outside the database and outside its backups, in reach of every instance. Destroying one closes every
 * backup of the database that was made while it was in use; so each must outlive restarts until it is destroyed, and nothing may
 * bring it back afterwards.
 *
 * A secret manager, a folder that all instances mount, or a second database fits; `storageErasureKeys` is one on another storage.
 */
export interface ErasureKeys {
  /**
   * Keeps a key. When the promise resolves the key is durable, and every instance can read it.
   *
   * @param keyId letters, digits and hyphens, never used before
   * @param key 32 random bytes; not changed until the promise settles
   */
  write(keyId: string, key: Uint8Array, options?: Abortable): Promise<void>;

  /**
   * Reads a key.
   *
   * @returns the key; undefined only where it was never written or is destroyed: a store that cannot be reached rejects
   */
  read(keyId: string, options?: Abortable): Promise<Uint8Array | undefined>;

  /**
   * Destroys a key for good. When the promise resolves no copy of it can be had. Destroying what is not there succeeds.
   */
  destroy(keyId: string, options?: Abortable): Promise<void>;
}

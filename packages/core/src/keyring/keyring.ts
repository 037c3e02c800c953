/** Where a sealed value belongs. It opens in this place only: a row moved elsewhere stays shut. */
export interface SealContext {
  /** The storage backend's namespace. */
  readonly namespace: string;
  readonly collection: string;
  /** The document's id. */
  readonly id: string;
  /** Which of the document's values it is. */
  readonly field: string;
}

/**
 * Seals secrets before they reach storage, and opens them again. Implement it over a KMS, or use `LocalKeyring`.
 *
 * It holds one current key, which seals, and any number of former ones, which still open.
 */
export interface Keyring {
  /** The id of the key that seals. */
  readonly currentKeyId: string;

  /**
   * Seals a secret for one place.
   *
   * @param plaintext the secret
   * @param context where it will be stored
   * @returns an envelope that names its key; sealing the same secret twice gives two different ones
   */
  seal(plaintext: Uint8Array, context: SealContext): Promise<Uint8Array>;

  /**
   * Opens an envelope.
   *
   * @param sealed what `seal` gave
   * @param context where it was found
   * @returns the secret
   * @throws {SealError} SEAL_INVALID: it is no envelope
   * @throws {SealError} SEAL_KEY_UNKNOWN: the keyring does not hold the key that it names
   * @throws {SealError} SEAL_OPEN_FAILED: another key under that id, another place, or changed since
   */
  open(sealed: Uint8Array, context: SealContext): Promise<Uint8Array>;

  /**
   * Reads which key sealed an envelope, without opening it.
   *
   * @throws {SealError} SEAL_INVALID: it is no envelope
   */
  keyIdOf(sealed: Uint8Array): string;

  /**
   * Tells whether an envelope was sealed by another key than the current one.
   *
   * @throws {SealError} SEAL_INVALID: it is no envelope
   */
  needsReseal(sealed: Uint8Array): boolean;
}

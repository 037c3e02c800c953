/** Key types that the SDK generates. */
export type KeyAlgorithm = 'ECDSA-P256' | 'ECDSA-P384' | 'RSA-2048' | 'RSA-3072' | 'RSA-4096' | 'Ed25519';

/**
 * What kind of key a public key is; more than the SDK generates, since it meets other people's keys. Providers may lack
 * P-521 and Ed448 (KEY_UNSUPPORTED on import): the SDK never signs with them.
 */
export type KeyKind =
  | { readonly type: 'EC'; readonly curve: 'P-256' | 'P-384' | 'P-521' }
  | { readonly type: 'RSA'; readonly modulusBits: number; readonly publicExponent: bigint }
  | { readonly type: 'Ed25519' }
  | { readonly type: 'Ed448' };

/** A signature scheme with its digest; Ed25519 and Ed448 have one of their own. */
export type SignatureAlgorithm =
  | 'ECDSA-SHA256'
  | 'ECDSA-SHA384'
  | 'ECDSA-SHA512'
  | 'RSA-PKCS1-SHA256'
  | 'RSA-PKCS1-SHA384'
  | 'RSA-PKCS1-SHA512'
  | 'RSA-PSS-SHA256'
  | 'RSA-PSS-SHA384'
  | 'RSA-PSS-SHA512'
  | 'Ed25519'
  | 'Ed448';

/** SHA-1 serves identifiers only (key identifiers, OCSP CertIDs), never a signature. */
export type DigestAlgorithm = 'SHA-1' | 'SHA-256' | 'SHA-384' | 'SHA-512';

/** Small work is done at once, queued work on the thread pool: `await` serves both. */
export type MaybePromise<T> = T | Promise<T>;

/** A public key that a provider has imported and checked. Use it only with the provider that made it. */
export interface PublicKey {
  readonly kind: KeyKind;
  /** SubjectPublicKeyInfo, DER (RFC 5280 section 4.1.2.7). */
  readonly spki: Uint8Array;
}

/** A private key held by a provider: in this process, or behind a token or a KMS. */
export interface PrivateKey {
  readonly publicKey: PublicKey;
}

/**
 * An AES-256-GCM key that a provider has imported once, for a message of many chunks. Without AAD; every nonce, 12 bytes,
 * serves once. `output` must not overlap the input.
 */
export interface AeadKey {
  /** Writes ciphertext and tag to `output`, 16 bytes longer than the plaintext. */
  seal(nonce: Uint8Array, plaintext: Uint8Array, output: Uint8Array): MaybePromise<void>;
  /**
   * Writes the plaintext to `output`, 16 bytes shorter than the ciphertext.
   *
   * @throws {SealError} SEAL_OPEN_FAILED: the tag does not fit; `output` holds no plaintext
   */
  open(nonce: Uint8Array, ciphertext: Uint8Array, output: Uint8Array): MaybePromise<void>;
}

/** What a derivation by scrypt costs (RFC 7914 section 2). */
export interface ScryptCost {
  /** CPU and memory cost N, a power of two. */
  readonly cost: number;
  /** Block size r. */
  readonly blockSize: number;
  /** Parallelism p. */
  readonly parallelization: number;
}

/**
 * The cryptography that the SDK uses, as one port. The default is Node's own; an HSM or a KMS implements the same.
 *
 * Bytes go in and out as `Uint8Array`. ECDSA signatures are DER (RFC 3279), AEAD is AES-256-GCM with a 12-byte nonce and
 * the 16-byte tag behind the ciphertext.
 */
export interface CryptoProvider {
  readonly name: string;
  randomBytes(length: number): Uint8Array;
  digest(algorithm: DigestAlgorithm, data: Uint8Array): MaybePromise<Uint8Array>;
  /** SHA-1 serves one-time passwords only (RFC 6238), whose apps know nothing else. */
  hmac(algorithm: 'SHA-1' | 'SHA-256' | 'SHA-512', key: Uint8Array, data: Uint8Array): MaybePromise<Uint8Array>;
  /** HKDF (RFC 5869), extract and expand. `length` in bytes. */
  hkdf(
    algorithm: 'SHA-256' | 'SHA-512',
    key: Uint8Array,
    salt: Uint8Array,
    info: Uint8Array,
    length: number,
  ): MaybePromise<Uint8Array>;
  /** scrypt (RFC 7914). `length` in bytes. */
  scrypt(passphrase: Uint8Array, salt: Uint8Array, cost: ScryptCost, length: number): MaybePromise<Uint8Array>;
  /** PBKDF2 with HMAC (RFC 8018 section 5.2), for hashes that other systems have made. `length` in bytes. */
  pbkdf2(
    algorithm: 'SHA-1' | 'SHA-256' | 'SHA-512',
    password: Uint8Array,
    salt: Uint8Array,
    iterations: number,
    length: number,
  ): MaybePromise<Uint8Array>;
  /** AES-256-GCM; returns ciphertext and tag. */
  aeadSeal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): MaybePromise<Uint8Array>;
  /** @throws {SealError} SEAL_OPEN_FAILED: the tag does not fit; no plaintext is released */
  aeadOpen(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, ciphertext: Uint8Array): MaybePromise<Uint8Array>;
  /** AES-CBC with the padding of PKCS#7, which authenticates nothing: for PKCS#12 alone. A key of 16, 24 or 32 bytes, an IV of 16. */
  aesCbcEncrypt(key: Uint8Array, iv: Uint8Array, plaintext: Uint8Array): MaybePromise<Uint8Array>;
  /** @throws {SealError} SEAL_OPEN_FAILED: the padding does not fit */
  aesCbcDecrypt(key: Uint8Array, iv: Uint8Array, ciphertext: Uint8Array): MaybePromise<Uint8Array>;
  /** Imports an AES-256-GCM key of 32 bytes; they may be overwritten afterwards. @throws {InvalidInputError} INVALID_ARGUMENT */
  aeadKey(key: Uint8Array): MaybePromise<AeadKey>;

  generateKey(algorithm: KeyAlgorithm): MaybePromise<PrivateKey>;
  /** @throws {InvalidInputError} KEY_INVALID, KEY_UNSUPPORTED */
  importPrivateKey(pkcs8: Uint8Array): MaybePromise<PrivateKey>;
  /** PKCS#8 DER (RFC 5208). @throws {ChanceryError} CRYPTO_UNSUPPORTED: the key cannot leave its provider */
  exportPrivateKey(key: PrivateKey): MaybePromise<Uint8Array>;
  /** Checks that an EC point lies on its curve. @throws {InvalidInputError} KEY_INVALID, KEY_UNSUPPORTED */
  importPublicKey(spki: Uint8Array): MaybePromise<PublicKey>;
  sign(key: PrivateKey, algorithm: SignatureAlgorithm, data: Uint8Array): MaybePromise<Uint8Array>;
  /**
   * `false` for a signature that does not fit, however malformed. `saltLength` is that of RSASSA-PSS in bytes, by default as
   * long as the digest. @throws {InvalidInputError} SIGNATURE_ALGORITHM_UNSUPPORTED: it does not fit the key
   */
  verify(
    key: PublicKey,
    algorithm: SignatureAlgorithm,
    data: Uint8Array,
    signature: Uint8Array,
    saltLength?: number,
  ): MaybePromise<boolean>;
}

import type { webcrypto } from 'node:crypto';
import { ChanceryError } from '../errors/chancery-error.ts';
import { InvalidInputError } from '../errors/families.ts';
import { quote } from '../errors/quote.ts';
import type {
  AeadKey,
  CryptoProvider,
  DigestAlgorithm,
  KeyAlgorithm,
  MaybePromise,
  PrivateKey,
  PublicKey,
  ScryptCost,
  SignatureAlgorithm,
} from '../ports/crypto.ts';
import { cannotOpen, checkAead, TAG_LENGTH } from './aead.ts';
import { checkCbc } from './aes-cbc.ts';
import { type SignatureScheme, signatureAlgorithmFor, signatureSchemeFor } from './algorithms.ts';
import { ecdsaFromDer, ecdsaToDer } from './ecdsa-signature.ts';
import { checkHkdfLength } from './hkdf-length.ts';
import { defaultCrypto } from './node-provider.ts';
import { importWebCryptoAeadKey } from './webcrypto-aead-key.ts';
import { WebCryptoKeys } from './webcrypto-keys.ts';

/** Options of `createWebCryptoProvider`. */
export interface WebCryptoProviderOptions {
  /** A WebCrypto implementation. Default: @peculiar/webcrypto, loaded when the provider is made. */
  readonly webcrypto?: webcrypto.Crypto;
}

/**
 * Makes a provider over WebCrypto, for runtimes and algorithms that `node:crypto` lacks. It does the same as the default
 * provider, several times slower.
 *
 * @returns the provider; its keys are good with it alone
 * @throws {ChanceryError} CRYPTO_UNSUPPORTED: @peculiar/webcrypto cannot be loaded
 */
export async function createWebCryptoProvider(options: WebCryptoProviderOptions = {}): Promise<CryptoProvider> {
  // Node's types and the browser's describe the same interface, and differ in their overloads.
  return new WebCryptoProvider((options.webcrypto as Crypto | undefined) ?? (await loadWebCrypto()));
}

async function loadWebCrypto(): Promise<Crypto> {
  try {
    const { Crypto } = await import('@peculiar/webcrypto');
    return new Crypto();
  } catch (cause) {
    throw new ChanceryError('CRYPTO_UNSUPPORTED', 'The package @peculiar/webcrypto cannot be loaded', { cause });
  }
}

const DIGESTS: ReadonlySet<string> = new Set(['SHA-1', 'SHA-256', 'SHA-384', 'SHA-512']);
// The most that getRandomValues gives at once.
const RANDOM_QUOTA = 65536;
const PROBE = Uint8Array.of(0x70, 0x61, 0x69, 0x72);

class WebCryptoProvider implements CryptoProvider {
  readonly name = 'webcrypto';
  readonly #webcrypto: Crypto;
  readonly #keys: WebCryptoKeys;

  constructor(webcrypto: Crypto) {
    this.#webcrypto = webcrypto;
    this.#keys = new WebCryptoKeys(webcrypto.subtle);
  }

  randomBytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at += RANDOM_QUOTA)
      this.#webcrypto.getRandomValues(bytes.subarray(at, at + RANDOM_QUOTA));
    return bytes;
  }

  async digest(algorithm: DigestAlgorithm, data: Uint8Array): Promise<Uint8Array> {
    return new Uint8Array(await this.#webcrypto.subtle.digest(checkDigest(algorithm), source(data)));
  }

  async hmac(algorithm: 'SHA-1' | 'SHA-256' | 'SHA-512', key: Uint8Array, data: Uint8Array): Promise<Uint8Array> {
    const { subtle } = this.#webcrypto;
    const parameters = { name: 'HMAC', hash: checkDigest(algorithm) };
    const handle = await subtle.importKey('raw', source(key), parameters, false, ['sign']);
    return new Uint8Array(await subtle.sign('HMAC', handle, source(data)));
  }

  async hkdf(
    algorithm: 'SHA-256' | 'SHA-512',
    key: Uint8Array,
    salt: Uint8Array,
    info: Uint8Array,
    length: number,
  ): Promise<Uint8Array> {
    const { subtle } = this.#webcrypto;
    checkHkdfLength(algorithm, length);
    const handle = await subtle.importKey('raw', source(key), 'HKDF', false, ['deriveBits']);
    const parameters = { name: 'HKDF', hash: checkDigest(algorithm), salt: source(salt), info: source(info) };
    return new Uint8Array(await subtle.deriveBits(parameters, handle, length * 8));
  }

  // WebCrypto has no scrypt, so this is node:crypto's.
  scrypt(passphrase: Uint8Array, salt: Uint8Array, cost: ScryptCost, length: number): MaybePromise<Uint8Array> {
    return defaultCrypto.scrypt(passphrase, salt, cost, length);
  }

  async pbkdf2(
    algorithm: 'SHA-1' | 'SHA-256' | 'SHA-512',
    password: Uint8Array,
    salt: Uint8Array,
    iterations: number,
    length: number,
  ): Promise<Uint8Array> {
    const { subtle } = this.#webcrypto;
    const handle = await subtle.importKey('raw', source(password), 'PBKDF2', false, ['deriveBits']);
    const parameters = { name: 'PBKDF2', hash: checkDigest(algorithm), salt: source(salt), iterations };
    return new Uint8Array(await subtle.deriveBits(parameters, handle, length * 8));
  }

  async aesCbcEncrypt(key: Uint8Array, iv: Uint8Array, plaintext: Uint8Array): Promise<Uint8Array> {
    checkCbc(key, iv);
    const handle = await this.#webcrypto.subtle.importKey('raw', source(key), 'AES-CBC', false, ['encrypt']);
    return new Uint8Array(
      await this.#webcrypto.subtle.encrypt({ name: 'AES-CBC', iv: source(iv) }, handle, source(plaintext)),
    );
  }

  async aesCbcDecrypt(key: Uint8Array, iv: Uint8Array, ciphertext: Uint8Array): Promise<Uint8Array> {
    checkCbc(key, iv);
    const handle = await this.#webcrypto.subtle.importKey('raw', source(key), 'AES-CBC', false, ['decrypt']);
    try {
      return new Uint8Array(
        await this.#webcrypto.subtle.decrypt({ name: 'AES-CBC', iv: source(iv) }, handle, source(ciphertext)),
      );
    } catch (cause) {
      throw cannotOpen(cause);
    }
  }

  async aeadSeal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Promise<Uint8Array> {
    checkAead(key, nonce);
    const handle = await this.#webcrypto.subtle.importKey('raw', source(key), 'AES-GCM', false, ['encrypt']);
    return new Uint8Array(await this.#webcrypto.subtle.encrypt(gcm(nonce, aad), handle, source(plaintext)));
  }

  async aeadOpen(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, ciphertext: Uint8Array): Promise<Uint8Array> {
    checkAead(key, nonce);
    if (ciphertext.length < TAG_LENGTH) throw cannotOpen();
    const handle = await this.#webcrypto.subtle.importKey('raw', source(key), 'AES-GCM', false, ['decrypt']);
    try {
      return new Uint8Array(await this.#webcrypto.subtle.decrypt(gcm(nonce, aad), handle, source(ciphertext)));
    } catch (cause) {
      throw cannotOpen(cause);
    }
  }

  aeadKey(key: Uint8Array): Promise<AeadKey> {
    return importWebCryptoAeadKey(this.#webcrypto.subtle, key);
  }

  generateKey(algorithm: KeyAlgorithm): Promise<PrivateKey> {
    return this.#keys.generate(algorithm);
  }

  async importPrivateKey(pkcs8: Uint8Array): Promise<PrivateKey> {
    const key = await this.#keys.importPrivate(pkcs8);
    if (!(await this.#isPair(key))) {
      throw new InvalidInputError(
        'KEY_INVALID',
        'The private key does not belong to the public key that it comes with',
      );
    }
    return key;
  }

  exportPrivateKey(key: PrivateKey): Uint8Array {
    return Uint8Array.from(this.#keys.encodingOf(key));
  }

  importPublicKey(spki: Uint8Array): PublicKey {
    return this.#keys.importPublic(spki);
  }

  async sign(key: PrivateKey, algorithm: SignatureAlgorithm, data: Uint8Array): Promise<Uint8Array> {
    const scheme = signatureSchemeFor(key.publicKey.kind, algorithm);
    const handle = await this.#keys.handleFor(key, scheme);
    const signature = new Uint8Array(await this.#webcrypto.subtle.sign(signing(scheme), handle, source(data)));
    return scheme.keyType === 'EC' ? ecdsaToDer(signature) : signature;
  }

  async verify(
    key: PublicKey,
    algorithm: SignatureAlgorithm,
    data: Uint8Array,
    signature: Uint8Array,
    saltLength?: number,
  ): Promise<boolean> {
    const scheme = signatureSchemeFor(key.kind, algorithm);
    const handle = await this.#keys.handleFor(key, scheme);
    const { kind } = key;
    const raw = kind.type === 'EC' ? ecdsaFromDer(signature, COORDINATE_LENGTHS[kind.curve]) : signature;
    if (!raw) return false;
    try {
      return await this.#webcrypto.subtle.verify(signing(scheme, saltLength), handle, source(raw), source(data));
    } catch {
      // What an implementation cannot make sense of is not a signature.
      return false;
    }
  }

  async #isPair(key: PrivateKey): Promise<boolean> {
    const { publicKey } = key;
    const algorithm = signatureAlgorithmFor(publicKey.kind);
    try {
      return await this.verify(publicKey, algorithm, PROBE, await this.sign(key, algorithm, PROBE));
    } catch {
      return false;
    }
  }
}

const COORDINATE_LENGTHS = { 'P-256': 32, 'P-384': 48, 'P-521': 66 } as const;

function signing(scheme: SignatureScheme, saltLength?: number): AlgorithmIdentifier | EcdsaParams | RsaPssParams {
  if (scheme.keyType === 'Ed25519' || scheme.keyType === 'Ed448') return scheme.keyType;
  if (scheme.keyType === 'EC') return { name: 'ECDSA', hash: scheme.digest as string };
  if (scheme.padding === 'pkcs1') return 'RSASSA-PKCS1-v1_5';
  return { name: 'RSA-PSS', saltLength: saltLength ?? Number(scheme.digest?.slice(4)) / 8 };
}

function gcm(nonce: Uint8Array, aad: Uint8Array): AesGcmParams {
  return { name: 'AES-GCM', iv: source(nonce), additionalData: source(aad), tagLength: TAG_LENGTH * 8 };
}

function checkDigest(algorithm: DigestAlgorithm): string {
  if (DIGESTS.has(algorithm)) return algorithm;
  throw new InvalidInputError('INVALID_ARGUMENT', `Unknown digest algorithm ${quote(algorithm)}`);
}

// The declarations of WebCrypto leave out bytes in shared memory, which nothing here hands it.
function source(bytes: Uint8Array): BufferSource {
  return bytes as BufferSource;
}

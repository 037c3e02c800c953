import type { Buffer } from 'node:buffer';
import {
  constants,
  createCipheriv,
  createDecipheriv,
  generateKeyPair,
  generateKeyPairSync,
  hash,
  type KeyObject,
  type KeyPairKeyObjectResult,
  pbkdf2,
  randomFillSync,
  scrypt,
  sign,
  verify,
} from 'node:crypto';
import { concatBytes } from '../encoding/bytes.ts';
import { InvalidInputError } from '../errors/families.ts';
import { quote } from '../errors/quote.ts';
import type {
  AeadKey,
  CryptoProvider,
  DigestAlgorithm,
  KeyAlgorithm,
  KeyKind,
  MaybePromise,
  PrivateKey,
  PublicKey,
  ScryptCost,
  SignatureAlgorithm,
} from '../ports/crypto.ts';
import { cannotOpen, checkAead, TAG_LENGTH } from './aead.ts';
import { checkCbc } from './aes-cbc.ts';
import { type SignatureScheme, signatureSchemeFor } from './algorithms.ts';
import { checkHkdfLength } from './hkdf-length.ts';
import { NodeAeadKey } from './node-aead-key.ts';
import { nodeHmac } from './node-hmac.ts';
import { adoptNodePrivateKey, handleOf, importNodePrivateKey, importNodePublicKey } from './node-keys.ts';
import { secretKeyOnce } from './node-secret-key.ts';
import { RandomPool } from './random-pool.ts';
import { type PoolStart, WorkSplitter } from './work-splitter.ts';

const DIGEST_NAMES = { 'SHA-1': 'sha1', 'SHA-256': 'sha256', 'SHA-384': 'sha384', 'SHA-512': 'sha512' } as const;
const SCRYPT_HEADROOM = 1024 * 1024;

/** OpenSSL through `node:crypto`: synchronous for a lone caller, on the thread pool once a queue forms. */
class NodeCryptoProvider implements CryptoProvider {
  readonly name = 'node';
  readonly #splitter = new WorkSplitter();
  readonly #random = new RandomPool(randomFillSync);

  randomBytes(length: number): Uint8Array {
    return this.#random.draw(length);
  }

  digest(algorithm: DigestAlgorithm, data: Uint8Array): Uint8Array {
    // At once: an object for a hash of a small value takes longer than the hash.
    return plain(hash(digestName(algorithm), data, 'buffer'));
  }

  hmac(algorithm: 'SHA-1' | 'SHA-256' | 'SHA-512', key: Uint8Array, data: Uint8Array): Uint8Array {
    return plain(nodeHmac(digestName(algorithm), key, data));
  }

  // RFC 5869 by two HMACs: half the time that hkdfSync takes for the lengths of keys.
  hkdf(
    algorithm: 'SHA-256' | 'SHA-512',
    key: Uint8Array,
    salt: Uint8Array,
    info: Uint8Array,
    length: number,
  ): Uint8Array {
    const digest = digestName(algorithm);
    checkHkdfLength(algorithm, length);
    const pseudorandomKey = nodeHmac(digest, salt, key);
    const first = nodeHmac(digest, pseudorandomKey, concatBytes([info, Uint8Array.of(1)]));
    if (length === first.length) return plain(first);
    const blocks = Math.max(1, Math.ceil(length / first.length));
    const derived = new Uint8Array(blocks * first.length);
    derived.set(first);
    for (let block = 2, previous = first; block <= blocks; block++) {
      previous = nodeHmac(digest, pseudorandomKey, concatBytes([previous, info, Uint8Array.of(block)]));
      derived.set(previous, (block - 1) * previous.length);
    }
    return derived.slice(0, length);
  }

  scrypt(passphrase: Uint8Array, salt: Uint8Array, cost: ScryptCost, length: number): Promise<Uint8Array> {
    const { cost: N, blockSize: r, parallelization: p } = cost;
    const maxmem = 128 * r * (N + p) + SCRYPT_HEADROOM;
    return new Promise<Uint8Array>((resolve, reject) => {
      scrypt(passphrase, salt, length, { N, r, p, maxmem }, (error, key) =>
        error ? reject(error) : resolve(plain(key)),
      );
    }).catch(() => {
      throw scryptRefused(cost);
    });
  }

  pbkdf2(
    algorithm: 'SHA-1' | 'SHA-256' | 'SHA-512',
    password: Uint8Array,
    salt: Uint8Array,
    iterations: number,
    length: number,
  ): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      pbkdf2(password, salt, iterations, length, digestName(algorithm), (error, key) =>
        error ? reject(error) : resolve(plain(key)),
      );
    });
  }

  aesCbcEncrypt(key: Uint8Array, iv: Uint8Array, plaintext: Uint8Array): Uint8Array {
    checkCbc(key, iv);
    const cipher = createCipheriv(`aes-${key.length * 8}-cbc`, key, iv);
    return concatBytes([cipher.update(plaintext), cipher.final()]);
  }

  aesCbcDecrypt(key: Uint8Array, iv: Uint8Array, ciphertext: Uint8Array): Uint8Array {
    checkCbc(key, iv);
    const decipher = createDecipheriv(`aes-${key.length * 8}-cbc`, key, iv);
    const start = decipher.update(ciphertext);
    try {
      return concatBytes([start, decipher.final()]);
    } catch (cause) {
      throw cannotOpen(cause);
    } finally {
      start.fill(0);
    }
  }

  aeadSeal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Uint8Array {
    checkAead(key, nonce);
    const cipher = createCipheriv('aes-256-gcm', secretKeyOnce(key), nonce);
    cipher.setAAD(aad);
    const sealed = new Uint8Array(plaintext.length + TAG_LENGTH);
    sealed.set(cipher.update(plaintext));
    cipher.final();
    sealed.set(cipher.getAuthTag(), plaintext.length);
    return sealed;
  }

  aeadOpen(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, ciphertext: Uint8Array): Uint8Array {
    checkAead(key, nonce);
    const end = ciphertext.length - TAG_LENGTH;
    if (end < 0) throw cannotOpen();
    const decipher = createDecipheriv('aes-256-gcm', secretKeyOnce(key), nonce, { authTagLength: TAG_LENGTH });
    decipher.setAAD(aad);
    decipher.setAuthTag(ciphertext.subarray(end));
    const plaintext = decipher.update(ciphertext.subarray(0, end));
    try {
      decipher.final();
    } catch (cause) {
      plaintext.fill(0);
      throw cannotOpen(cause);
    }
    return plain(plaintext);
  }

  aeadKey(key: Uint8Array): AeadKey {
    return new NodeAeadKey(key);
  }

  generateKey(algorithm: KeyAlgorithm): MaybePromise<PrivateKey> {
    switch (algorithm) {
      case 'Ed25519':
        return adopt(generateKeyPairSync('ed25519'));
      case 'ECDSA-P256':
        return adopt(generateKeyPairSync('ec', { namedCurve: 'P-256' }));
      case 'ECDSA-P384':
        return adopt(generateKeyPairSync('ec', { namedCurve: 'P-384' }));
      case 'RSA-2048':
      case 'RSA-3072':
      case 'RSA-4096': {
        const options = { modulusLength: Number(algorithm.slice(4)), publicExponent: 65537 };
        // Not counted with the splitter's work: finding primes takes seconds, and nothing may queue behind it.
        return new Promise<KeyPairKeyObjectResult>((resolve, reject) => {
          generateKeyPair('rsa', options, (error, publicKey, privateKey) =>
            error ? reject(error) : resolve({ publicKey, privateKey }),
          );
        }).then(adopt);
      }
      default:
        throw new InvalidInputError('KEY_UNSUPPORTED', `Unknown key algorithm ${quote(algorithm)}`);
    }
  }

  importPrivateKey(pkcs8: Uint8Array): PrivateKey {
    return importNodePrivateKey(pkcs8);
  }

  exportPrivateKey(key: PrivateKey): Uint8Array {
    return plain(handleOf(key).export({ format: 'der', type: 'pkcs8' }));
  }

  importPublicKey(spki: Uint8Array): PublicKey {
    return importNodePublicKey(spki);
  }

  sign(key: PrivateKey, algorithm: SignatureAlgorithm, data: Uint8Array): MaybePromise<Uint8Array> {
    const { kind } = key.publicKey;
    const scheme = signatureSchemeFor(kind, algorithm);
    const input = keyInput(handleOf(key), scheme);
    const digest = scheme.digest && DIGEST_NAMES[scheme.digest];
    const inline = (): Uint8Array => plain(sign(digest, data, input));
    const start: PoolStart<Uint8Array> = (done) =>
      sign(digest, data, input, (error, signature) => done(error, signature && plain(signature)));
    return isQuickToSign(kind) ? this.#splitter.run(inline, start) : this.#splitter.runOnPool(start);
  }

  verify(
    key: PublicKey,
    algorithm: SignatureAlgorithm,
    data: Uint8Array,
    signature: Uint8Array,
    saltLength?: number,
  ): MaybePromise<boolean> {
    const scheme = signatureSchemeFor(key.kind, algorithm);
    const input = keyInput(handleOf(key), scheme, saltLength);
    const digest = scheme.digest && DIGEST_NAMES[scheme.digest];
    const inline = (): boolean => verify(digest, data, input, signature);
    const start: PoolStart<boolean> = (done) => verify(digest, data, input, signature, done);
    return isQuickToVerify(key.kind) ? this.#splitter.run(inline, start) : this.#splitter.runOnPool(start);
  }
}

/** The default provider: OpenSSL through `node:crypto`. */
export const defaultCrypto: CryptoProvider = new NodeCryptoProvider();

/**
 * Gives the default provider: OpenSSL through `node:crypto`.
 *
 * @returns one shared provider; keys made through any reference to it may be used through any other
 */
export function nodeCrypto(): CryptoProvider {
  return defaultCrypto;
}

function adopt({ privateKey, publicKey }: KeyPairKeyObjectResult): PrivateKey {
  return adoptNodePrivateKey(privateKey, publicKey);
}

// What takes about a millisecond gains nothing from skipping the pool and holds up the event loop.
function isQuickToSign(kind: KeyKind): boolean {
  return kind.type === 'Ed25519' || (kind.type === 'EC' && kind.curve === 'P-256');
}

function isQuickToVerify(kind: KeyKind): boolean {
  return isQuickToSign(kind) || (kind.type === 'RSA' && kind.modulusBits <= 4096 && kind.publicExponent <= 65537n);
}

function keyInput(
  key: KeyObject,
  scheme: SignatureScheme,
  saltLength: number = constants.RSA_PSS_SALTLEN_DIGEST,
): Parameters<typeof sign>[2] & Parameters<typeof verify>[2] {
  if (scheme.padding !== 'pss') return key;
  return { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength };
}

function digestName<A extends DigestAlgorithm>(algorithm: A): (typeof DIGEST_NAMES)[A] {
  const isKnown = typeof algorithm === 'string' && Object.hasOwn(DIGEST_NAMES, algorithm);
  if (isKnown) return DIGEST_NAMES[algorithm];
  throw new InvalidInputError('INVALID_ARGUMENT', `Unknown digest algorithm ${quote(algorithm)}`);
}

// A Buffer shares memory where a Uint8Array copies (slice), so none is let out.
function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}

function scryptRefused({ cost, blockSize, parallelization }: ScryptCost): InvalidInputError {
  return new InvalidInputError(
    'INVALID_ARGUMENT',
    `scrypt does not take the cost N=${cost}, r=${blockSize}, p=${parallelization}`,
    { facts: { cost, blockSize, parallelization } },
  );
}

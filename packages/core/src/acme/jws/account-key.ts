import { signatureAlgorithmFor } from '../../crypto/algorithms.ts';
import { ecdsaFromDer } from '../../crypto/ecdsa-signature.ts';
import { jwkFromSpki, jwkThumbprint, type PublicJwk } from '../../crypto/jwk.ts';
import { InvalidInputError } from '../../errors/families.ts';
import type { CryptoProvider, KeyKind, PrivateKey, SignatureAlgorithm } from '../../ports/crypto.ts';

const MIN_RSA_BITS = 2_048;

/** How a key signs by JOSE (RFC 7518 section 3.1, RFC 8037 section 3.1). */
interface JoseSigning {
  readonly name: 'ES256' | 'ES384' | 'RS256' | 'EdDSA';
  /** Length of each half of an ECDSA signature, in bytes. */
  readonly half?: number;
}

/** An account's key, as JWS and challenges use it. */
export class AcmeAccountKey {
  readonly jwk: PublicJwk;
  /** RFC 7638, SHA-256. */
  readonly thumbprint: string;
  /** The `alg` of its signatures. */
  readonly algorithm: JoseSigning['name'];
  readonly #key: PrivateKey;
  readonly #signing: JoseSigning;
  readonly #signatureAlgorithm: SignatureAlgorithm;
  readonly #crypto: CryptoProvider;

  private constructor(key: PrivateKey, jwk: PublicJwk, thumbprint: string, crypto: CryptoProvider) {
    this.#key = key;
    this.#crypto = crypto;
    this.#signing = signingOf(key.publicKey.kind);
    this.#signatureAlgorithm = signatureAlgorithmFor(key.publicKey.kind);
    this.jwk = jwk;
    this.thumbprint = thumbprint;
    this.algorithm = this.#signing.name;
  }

  /**
   * Takes a private key.
   *
   * @throws {InvalidInputError} KEY_UNSUPPORTED: not ECDSA on P-256 or P-384, RSA of 2,048 bits or more, or Ed25519
   */
  static async of(key: PrivateKey, crypto: CryptoProvider): Promise<AcmeAccountKey> {
    signingOf(key.publicKey.kind);
    const jwk = jwkFromSpki(key.publicKey.spki);
    return new AcmeAccountKey(key, jwk, await jwkThumbprint(crypto, jwk), crypto);
  }

  /** Signs in the form of JWS: ECDSA signatures are r and s side by side (RFC 7518 section 3.4). */
  async sign(data: Uint8Array): Promise<Uint8Array> {
    const signature = await this.#crypto.sign(this.#key, this.#signatureAlgorithm, data);
    const { half } = this.#signing;
    return half === undefined ? signature : (ecdsaFromDer(signature, half) as Uint8Array);
  }
}

function signingOf(kind: KeyKind): JoseSigning {
  if (kind.type === 'EC' && kind.curve === 'P-256') return { name: 'ES256', half: 32 };
  if (kind.type === 'EC' && kind.curve === 'P-384') return { name: 'ES384', half: 48 };
  if (kind.type === 'RSA' && kind.modulusBits >= MIN_RSA_BITS) return { name: 'RS256' };
  if (kind.type === 'Ed25519') return { name: 'EdDSA' };
  throw new InvalidInputError(
    'KEY_UNSUPPORTED',
    'The key of an ACME account must be ECDSA on P-256 or P-384, RSA of 2,048 bits or more, or Ed25519',
  );
}

import { jwkThumbprint, type PublicJwk } from '../../crypto/jwk.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import type { JwsAlgorithm } from '../tokens/jws-algorithm.ts';
import { importVerificationKey, type VerificationKey } from '../tokens/verification-key.ts';

const KEPT = 1_000;

/** A client's key, imported. */
export interface ProofKey {
  /** RFC 7638, SHA-256, base64url. */
  readonly thumbprint: string;
  readonly verifier: VerificationKey;
}

/** The keys of clients that sent proofs of late: importing one costs more than verifying with it. */
export class RecentKeys {
  readonly #crypto: CryptoProvider;
  readonly #keys = new Map<string, ProofKey>();

  constructor(crypto: CryptoProvider) {
    this.#crypto = crypto;
  }

  /**
   * Imports a key, or finds it.
   *
   * @throws {InvalidInputError} KEY_INVALID, KEY_UNSUPPORTED: malformed, weak, or made for another algorithm
   */
  async import(jwk: PublicJwk, algorithm: JwsAlgorithm): Promise<ProofKey> {
    const thumbprint = await jwkThumbprint(this.#crypto, jwk);
    const id = `${algorithm} ${thumbprint}`;
    const key = this.#keys.get(id) ?? {
      thumbprint,
      verifier: await importVerificationKey(this.#crypto, jwk, algorithm),
    };
    // Taken out and put in again, it is the last to be dropped.
    this.#keys.delete(id);
    this.#keys.set(id, key);
    if (this.#keys.size > KEPT) this.#keys.delete(this.#keys.keys().next().value as string);
    return key;
  }
}

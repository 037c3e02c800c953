import { type PublicJwk, spkiFromJwk } from '../../crypto/jwk.ts';
import { findWeakness } from '../../crypto/weak-keys.ts';
import { InvalidInputError } from '../../errors/families.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import { type Jose, loadJose } from './jose.ts';
import { fitsAlgorithm, type JwsAlgorithm } from './jws-algorithm.ts';

/** A public key that verifies by one algorithm only. */
export interface VerificationKey {
  readonly algorithm: JwsAlgorithm;
  /** The handle of the runtime's WebCrypto, which jose computes with. */
  readonly handle: Awaited<ReturnType<Jose['importJWK']>>;
}

/**
 * Imports a public key, once it has been found to lie on its curve and to have no known weakness: small order, ROCA, close primes, an
 * exponent of 1.
 *
 * @param crypto judges the key
 * @param jwk the key
 * @param algorithm the only one that it will verify
 * @returns the key
 * @throws {InvalidInputError} KEY_INVALID: malformed or weak, or made for another algorithm
 * @throws {InvalidInputError} KEY_UNSUPPORTED: a kind of key that the provider does not know
 */
export async function importVerificationKey(
  crypto: CryptoProvider,
  jwk: PublicJwk,
  algorithm: JwsAlgorithm,
): Promise<VerificationKey> {
  const { kind, spki } = await crypto.importPublicKey(spkiFromJwk(jwk));
  if (!fitsAlgorithm(kind, algorithm)) {
    throw new InvalidInputError('KEY_INVALID', `A key of type ${jwk.kty} does not verify by ${algorithm}`, {
      facts: { algorithm, keyType: jwk.kty },
    });
  }
  const weakness = findWeakness(kind, spki);
  if (weakness !== undefined) {
    throw new InvalidInputError('KEY_INVALID', weakness.message, { facts: { rule: weakness.rule } });
  }
  const { importJWK } = await loadJose();
  return { algorithm, handle: await importJWK({ ...jwk }, algorithm) };
}

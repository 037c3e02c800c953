import type { PublicJwk } from '../../crypto/jwk.ts';
import type { SigningAlgorithm } from '../tokens/jws-algorithm.ts';
import type { StoredSigningKey } from './signing-key-record.ts';

/** A public key that verifies access tokens (RFC 7517 section 4). */
export type PublishedJwk = PublicJwk & {
  /** The key's thumbprint (RFC 7638). */
  readonly kid: string;
  readonly alg: SigningAlgorithm;
  readonly use: 'sig';
};

/** Public keys as a document of type `application/jwk-set+json` (RFC 7517 section 5). */
export interface JsonWebKeySet {
  readonly keys: readonly PublishedJwk[];
}

/** Writes the public halves of signing keys. */
export function keySetOf(keys: readonly StoredSigningKey[]): JsonWebKeySet {
  return { keys: keys.map(({ kid, algorithm, jwk }) => ({ ...jwk, kid, alg: algorithm, use: 'sig' })) };
}

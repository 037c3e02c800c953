import type { KeyKind } from '../../ports/crypto.ts';

/** What access tokens are signed with: ECDSA on P-256 with SHA-256 (RFC 7518), or Ed25519 under its own name (RFC 9864). */
export type SigningAlgorithm = 'ES256' | 'Ed25519';

/** What a signature may be made with: besides our own, what clients' proofs use. No `none`, no MAC. */
export type JwsAlgorithm = SigningAlgorithm | 'ES384' | 'EdDSA' | 'PS256' | 'RS256';

/** Every algorithm of a proof that is accepted; the default first. */
export const JWS_ALGORITHMS: readonly JwsAlgorithm[] = ['ES256', 'ES384', 'Ed25519', 'EdDSA', 'PS256', 'RS256'];

/** The key that a signing algorithm takes, by the name that the crypto provider knows it under. */
export const KEY_ALGORITHM_OF = { ES256: 'ECDSA-P256', Ed25519: 'Ed25519' } as const;

/**
 * Tells whether a key can be used with an algorithm. One curve an algorithm: ES256 is P-256 and nothing else (RFC 7518 section 3.4).
 *
 * @param kind the key's kind
 * @param algorithm the `alg` of a header
 */
export function fitsAlgorithm(kind: KeyKind, algorithm: JwsAlgorithm): boolean {
  switch (algorithm) {
    case 'ES256':
      return kind.type === 'EC' && kind.curve === 'P-256';
    case 'ES384':
      return kind.type === 'EC' && kind.curve === 'P-384';
    case 'Ed25519':
    case 'EdDSA':
      return kind.type === 'Ed25519';
    case 'PS256':
    case 'RS256':
      return kind.type === 'RSA';
  }
}

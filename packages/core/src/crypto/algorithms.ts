import { InvalidInputError } from '../errors/families.ts';
import { quote } from '../errors/quote.ts';
import type { DigestAlgorithm, KeyAlgorithm, KeyKind, SignatureAlgorithm } from '../ports/crypto.ts';

/** The key types that the SDK generates, the default first. */
export const KEY_ALGORITHMS: readonly KeyAlgorithm[] = [
  'ECDSA-P256',
  'ECDSA-P384',
  'RSA-2048',
  'RSA-3072',
  'RSA-4096',
  'Ed25519',
];

/** What a signature algorithm is made of. Ed25519 and Ed448 hash inside themselves, so they name no digest. */
export interface SignatureScheme {
  readonly keyType: KeyKind['type'];
  readonly padding?: 'pkcs1' | 'pss';
  readonly digest?: DigestAlgorithm;
}

/** The parts of every signature algorithm; RSASSA-PSS uses a salt as long as its digest (RFC 4055 section 3.1). */
export const SIGNATURE_SCHEMES: Readonly<Record<SignatureAlgorithm, SignatureScheme>> = {
  'ECDSA-SHA256': { keyType: 'EC', digest: 'SHA-256' },
  'ECDSA-SHA384': { keyType: 'EC', digest: 'SHA-384' },
  'ECDSA-SHA512': { keyType: 'EC', digest: 'SHA-512' },
  'RSA-PKCS1-SHA256': { keyType: 'RSA', padding: 'pkcs1', digest: 'SHA-256' },
  'RSA-PKCS1-SHA384': { keyType: 'RSA', padding: 'pkcs1', digest: 'SHA-384' },
  'RSA-PKCS1-SHA512': { keyType: 'RSA', padding: 'pkcs1', digest: 'SHA-512' },
  'RSA-PSS-SHA256': { keyType: 'RSA', padding: 'pss', digest: 'SHA-256' },
  'RSA-PSS-SHA384': { keyType: 'RSA', padding: 'pss', digest: 'SHA-384' },
  'RSA-PSS-SHA512': { keyType: 'RSA', padding: 'pss', digest: 'SHA-512' },
  Ed25519: { keyType: 'Ed25519' },
  Ed448: { keyType: 'Ed448' },
};

const CURVE_ALGORITHMS = { 'P-256': 'ECDSA-SHA256', 'P-384': 'ECDSA-SHA384', 'P-521': 'ECDSA-SHA512' } as const;

/**
 * Chooses the algorithm that a key signs with by default: the digest that matches the strength of its curve, and
 * RSASSA-PKCS1-v1_5 with SHA-256 for RSA, which every relying party reads.
 *
 * @param kind the signing key's kind
 * @returns the algorithm
 */
export function signatureAlgorithmFor(kind: KeyKind): SignatureAlgorithm {
  if (kind.type === 'RSA') return 'RSA-PKCS1-SHA256';
  return kind.type === 'EC' ? CURVE_ALGORITHMS[kind.curve] : kind.type;
}

/**
 * Names a kind of key for people, policies and records.
 *
 * @param kind the key's kind
 * @returns `ECDSA-P256`, `RSA-2048`, `Ed25519`; also sizes that the SDK does not generate, such as `RSA-2047`
 */
export function keyAlgorithmName(kind: KeyKind): string {
  if (kind.type === 'RSA') return `RSA-${kind.modulusBits}`;
  return kind.type === 'EC' ? `ECDSA-${kind.curve.replace('-', '')}` : kind.type;
}

/**
 * Looks up a signature algorithm and checks that a key can use it.
 *
 * @param kind the key's kind
 * @param algorithm the algorithm that it is to be used with
 * @returns the algorithm's parts
 * @throws {InvalidInputError} SIGNATURE_ALGORITHM_UNSUPPORTED: it is unknown, or made for another type of key
 */
export function signatureSchemeFor(kind: KeyKind, algorithm: SignatureAlgorithm): SignatureScheme {
  const scheme = Object.hasOwn(SIGNATURE_SCHEMES, algorithm) ? SIGNATURE_SCHEMES[algorithm] : undefined;
  if (scheme?.keyType === kind.type) return scheme;
  const key = keyAlgorithmName(kind);
  throw new InvalidInputError(
    'SIGNATURE_ALGORITHM_UNSUPPORTED',
    scheme
      ? `Signature algorithm ${algorithm} does not fit a key of type ${key}`
      : `Unknown signature algorithm ${quote(algorithm)}`,
    { facts: { algorithm: String(algorithm), key } },
  );
}

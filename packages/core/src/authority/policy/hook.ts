import type { PolicyViolation } from '../../errors/families.ts';
import type { MaybePromise } from '../../ports/crypto.ts';

/** A request as it stands after the built-in checks, for a host's own policy to judge. */
export interface IssuanceRequest {
  readonly profile: string;
  /** RFC 4514. */
  readonly subject: string;
  readonly subjectAltNames: readonly string[];
  /** `ECDSA-P256`, `RSA-3072`, … */
  readonly keyAlgorithm: string;
  /** SubjectPublicKeyInfo, DER: for a blocklist, say. */
  readonly publicKey: Uint8Array;
  /** PKCS#10, DER, where the request came as one. */
  readonly csr?: Uint8Array;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly accountId?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** What a policy says of a request: nothing (as it is), narrower, or no. */
export interface IssuanceDecision {
  /** Refuses: a `PolicyError` with these violations. */
  readonly refuse?: readonly PolicyViolation[];
  /** Leaves out every name but these. */
  readonly subjectAltNames?: readonly string[];
  /** An earlier end. */
  readonly notAfter?: Date;
}

/** A host's own rules on top of the built-in ones. What it throws refuses the request too. */
export type IssuancePolicy = (request: IssuanceRequest) => MaybePromise<IssuanceDecision | undefined | void>;

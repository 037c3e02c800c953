import type { KeyAlgorithm } from '../ports/crypto.ts';
import type { CrlReasonName } from '../ports/issuer.ts';

/**
 * How far a certificate has come: `pending` before its first generation, `issued` from then on, `failed` where the first one was refused,
 * `revoked` for good.
 */
export type CertificateState = 'pending' | 'issued' | 'revoked' | 'failed';

/** The state as a relying party would put it: what is issued is `valid` or, by the clock, `expired`. */
export type ManagedCertificateStatus = 'pending' | 'valid' | 'expired' | 'revoked' | 'failed';

/** Why the last attempt to issue or renew did not succeed. */
export interface CertificateFailure {
  readonly code: string;
  readonly message: string;
  readonly at: Date;
}

/** A certificate that the manager looks after. The private key is never part of it. */
export interface Certificate {
  /** UUIDv7; the same for all generations. */
  readonly id: string;
  readonly name?: string;
  readonly accountId?: string;
  /** Who issues and renews it; absent for one that was imported without. */
  readonly issuer?: string;
  readonly profile?: string;
  readonly state: CertificateState;
  readonly status: ManagedCertificateStatus;
  /** Whether its names are served, as soon as it is issued. */
  readonly active: boolean;
  readonly autoRenew: boolean;
  /** Whether the private key is kept here: false where it came as a CSR. */
  readonly hasPrivateKey: boolean;
  /** Of the key that the next generation gets; absent where the key is kept elsewhere. */
  readonly keyAlgorithm?: KeyAlgorithm;
  /** As text: `a.example`, `ip:10.0.0.1`, `email:…`, `uri:…`. */
  readonly subjectAltNames: readonly string[];
  /** Counts up from 1 with each issue; 0 before the first. */
  readonly generation: number;
  /** Whether a generation has been asked for that is not there yet. */
  readonly renewing: boolean;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** When the renewal is due by the policy; absent where nobody renews it. */
  readonly renewAt?: Date;
  /** SHA-256 of the certificate, lower-case hex. */
  readonly sha256Fingerprint?: string;
  /** Lower-case hex. */
  readonly serialNumber?: string;
  /** End-entity certificate first, without the root. */
  readonly chainPem?: string;
  /** Of the last attempt, until one succeeds. */
  readonly failure?: CertificateFailure;
  readonly revokedAt?: Date;
  readonly revocationReason?: CrlReasonName;
  /** Counts the changes of this certificate from 1, as events do. */
  readonly revision: number;
  /** Changes with every change of the certificate: hand it back as `ifVersion`. */
  readonly version: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

import type { CrlReason } from '../crl/crl-reason.ts';

/** What is known about a certificate's revocation. */
export type RevocationStatus =
  | { readonly status: 'good'; readonly source: 'crl' | 'ocsp' | 'noRevAvail' }
  | {
      readonly status: 'revoked';
      readonly source: 'crl' | 'ocsp';
      readonly revokedAt: Date;
      readonly reason: CrlReason;
    }
  | {
      readonly status: 'unknown';
      /** Why no CRL and no OCSP response could tell. */
      readonly reasons: readonly string[];
    };

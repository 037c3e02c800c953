import type { Abortable } from './abortable.ts';

/** What is known of a certificate that a client presented. */
export interface IdentifiedCertificate {
  /** The managed certificate, of which this is one generation; the same for all of them. */
  readonly certificateId: string;
  /** Whether this very generation stands: issued, unrevoked, not on hold. */
  readonly status: 'good' | 'revoked';
}

/** Tells which managed certificate a client's certificate belongs to, so that a session outlives a renewal and not a revocation. */
export interface CertificateStatusSource {
  /**
   * Looks a certificate up by its exact bytes: one that merely names the same serial number is another.
   *
   * @param certificateDer as the peer sent it in TLS
   * @returns undefined where the certificate is not a managed one
   * @throws when it cannot be told, which refuses the certificate as well
   */
  identify(certificateDer: Uint8Array, options?: Abortable): Promise<IdentifiedCertificate | undefined>;
}

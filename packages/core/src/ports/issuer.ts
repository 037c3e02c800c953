/** What a certificate manager asks of an issuer, private or public. */
export interface CertificateRequest {
  /** Chosen by the caller. The same id with the same CSR gives the same certificate, however often it is sent. */
  readonly requestId: string;
  /** A PKCS#10 request (RFC 2986) in DER. */
  readonly csrDer: Uint8Array;
  /** Names as text: `a.example`, `ip:10.0.0.1`, `email:…`, `uri:…`. */
  readonly subjectAltNames: readonly string[];
  readonly profile?: string;
  readonly validity?: CertificateValidity;
  /** The serial number (lower-case hex) of the certificate that this one replaces. */
  readonly replaces?: string;
  readonly accountId?: string;
  readonly signal?: AbortSignal;
}

/** A lifetime: one of the three. */
export type CertificateValidity = { readonly days: number } | { readonly hours: number } | { readonly notAfter: Date };

/** What an issuer answers: the chain, end-entity certificate first, or when to ask again. */
export type CertificateRequestResult =
  | { readonly chainPem: string }
  | { readonly pending: true; readonly retryAt: Date };

/** Why a certificate is revoked (RFC 5280 section 5.3.1): every CRLReason but removeFromCRL, which is said of a release. */
export type CrlReasonName =
  | 'unspecified'
  | 'keyCompromise'
  | 'cACompromise'
  | 'affiliationChanged'
  | 'superseded'
  | 'cessationOfOperation'
  | 'certificateHold'
  | 'privilegeWithdrawn'
  | 'aACompromise';

/** Which certificate an issuer is to revoke. */
export interface RevocationRequest {
  /** The end-entity certificate, DER. */
  readonly certificateDer: Uint8Array;
  /** `unspecified` by default. */
  readonly reason?: CrlReasonName;
  readonly signal?: AbortSignal;
}

/** Which certificate an issuer is to advise on. */
export interface RenewalInfoRequest {
  /** The end-entity certificate, DER. */
  readonly certificateDer: Uint8Array;
  readonly signal?: AbortSignal;
}

/** When an issuer suggests that a certificate be renewed (RFC 9773 section 4.2). */
export interface RenewalInfo {
  readonly windowStart: Date;
  readonly windowEnd: Date;
  /** Asking earlier is pointless. */
  readonly retryAt: Date;
  /** A page for people that tells why. */
  readonly explanationUrl?: string;
}

/** Something that turns a CSR into a certificate chain: the private authority, or an ACME CA. */
export interface Issuer {
  /**
   * Idempotent by `requestId`: asking again resumes or repeats the answer, and never issues twice. After an error that leaves
   * nothing to resume, asking again is a fresh attempt with the same key.
   */
  requestCertificate(request: CertificateRequest): Promise<CertificateRequestResult>;

  /** Idempotent: a certificate that is revoked already is a success. Left out by an issuer that cannot revoke. */
  revokeCertificate?(request: RevocationRequest): Promise<void>;

  /**
   * ACME renewal information (RFC 9773). Left out by an issuer that has none.
   *
   * @returns undefined where the issuer has no advice for this certificate
   */
  renewalInfo?(request: RenewalInfoRequest): Promise<RenewalInfo | undefined>;
}

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

export type CertificateRequestResult =
  | { readonly chainPem: string }
  | { readonly pending: true; readonly retryAt: Date };

/** Something that turns a CSR into a certificate chain: the private authority, or an ACME CA. */
export interface Issuer {
  /** Idempotent by `requestId`: asking again resumes or repeats the answer, and never issues twice. */
  requestCertificate(request: CertificateRequest): Promise<CertificateRequestResult>;
}

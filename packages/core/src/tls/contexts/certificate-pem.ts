/** A certificate with its key, as text. */
export interface CertificatePem {
  /** End-entity certificate first. */
  readonly certPem: string;
  /** PKCS#8. */
  readonly keyPem: string;
}

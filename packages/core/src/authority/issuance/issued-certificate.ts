import type { CertificateRecord } from '../ledger.ts';

/** A certificate that was just issued. */
export interface IssuedCertificate extends CertificateRecord {
  /** Leaf first, then the intermediate; without the root. */
  readonly chainPem: string;
  /** PKCS#8; only where the key was generated for this request. It is kept nowhere. */
  readonly privateKeyPem?: string;
}

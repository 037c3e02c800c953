import type { Abortable } from './abortable.ts';

/** What a TLS server presents for a name. The private key passes here and in an export alone. */
export interface ServedCertificate {
  readonly certificateId: string;
  /** Counts up from 1 with each reissue of this certificate. */
  readonly generation: number;
  /** The DNS names and IP addresses that it is valid for, as in its subjectAltName: `a.example`, `*.a.example`, `ip:10.0.0.1`. */
  readonly names: readonly string[];
  /** End-entity certificate first, without the root. */
  readonly chainPem: string;
  /** PKCS#8. */
  readonly privateKeyPem: string;
  readonly notAfter: Date;
}

/** A certificate of which something that is served has changed. */
export interface CertificateChange {
  readonly id: string;
  /** The generation that is in force; 0 where there is none (any more). */
  readonly generation: number;
  /** The names that it is, or until this change was, served for. Empty where it was deleted by another instance: drop what has this `id`. */
  readonly names: readonly string[];
}

/** Where a TLS server finds its certificates: only active ones, each name served for one account. */
export interface CertificateSource {
  /**
   * Reads what is to be presented for a name.
   *
   * @param name exactly as it is in a certificate, in lower case: `a.example`, `*.a.example`, `ip:10.0.0.1`
   * @returns undefined where nothing is served under that very name
   */
  served(name: string, options?: Abortable): Promise<ServedCertificate | undefined>;

  /**
   * Tells cheaply, in one read, whether what is served has changed.
   *
   * @param names at most 1,000, as for {@link served}
   * @returns one text a name, in order, which changes whenever what `served` gives changes; undefined where nothing is served
   */
  versions(names: readonly string[], options?: Abortable): Promise<(string | undefined)[]>;

  /**
   * Listens to changes by this instance and, where the storage can watch, by every other. A notice is a hint that may be
   * lost or repeated: read again on a timer as well.
   *
   * @returns ends the subscription
   */
  on(event: 'changed', listener: (change: CertificateChange) => void): () => void;

  /**
   * Listens to gaps: changes by other instances may have gone untold, so compare all {@link versions}.
   *
   * @returns ends the subscription
   */
  on(event: 'missed', listener: () => void): () => void;

  /**
   * Gets a certificate for a name that has none, on demand; one, however many instances ask. Who may have one is the caller's to judge
   * before.
   *
   * @param name a DNS name or an IP address, as for {@link served}
   * @returns undefined where there is none yet, or it was taken out of service
   * @throws {ChanceryError} whatever the issuer refuses it for
   */
  obtain?(name: string, options?: Abortable): Promise<ServedCertificate | undefined>;
}

import type { Abortable } from '../../ports/abortable.ts';

/** A generation that was issued and checked, and is about to take effect. */
export interface ProcessedGeneration {
  readonly certificateId: string;
  /** The generation that this one will be. */
  readonly generation: number;
  readonly name?: string;
  readonly accountId?: string;
  readonly issuer: string;
  readonly subjectAltNames: readonly string[];
  /** End-entity certificate first. */
  readonly chainPem: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Lower-case hex. */
  readonly serialNumber: string;
  /** SHA-256 of the certificate, lower-case hex. */
  readonly sha256Fingerprint: string;
}

/**
 * Does what has to be done before a generation is served: publishes a TLSA record, submits it to a log, asks someone's consent.
 *
 * As long as it throws, the generation waits and the old one goes on serving. It may be called again for the same generation, after a crash or
 * by another instance.
 */
export type CertificateProcessor = (generation: ProcessedGeneration, options: Abortable) => void | Promise<void>;

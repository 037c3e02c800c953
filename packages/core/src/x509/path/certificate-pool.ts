import { equalBytes, isBytes } from '../../encoding/bytes.ts';
import { decodePem } from '../../encoding/pem.ts';
import { InvalidInputError } from '../../errors/families.ts';
import { type Certificate, parseCertificate } from '../certificate/certificate.ts';

/** Certificates as callers have them: PEM, with one block or several, or DER. */
export type CertificateInput = string | Uint8Array;

/** How many certificates an input may hold; what comes behind is not looked at. */
export const MAX_CERTIFICATES = 1000;

/**
 * Certificates that a path may be built from, found by subject. Those that cannot be read are left out and remembered, since
 * other people's bundles hold all kinds of things, and none of them may spoil the rest.
 */
export class CertificatePool {
  /** In the order given, each once. */
  readonly certificates: readonly Certificate[];
  /** Why inputs were left out. */
  readonly unreadable: readonly InvalidInputError[];
  readonly #bySubject = new Map<string, Certificate[]>();
  readonly #byIssuer = new Map<string, Certificate[]>();

  /**
   * @param inputs what the caller gave
   * @param base certificates that come first
   * @throws {InvalidInputError} INVALID_ARGUMENT: one is neither text nor bytes
   */
  constructor(inputs: readonly CertificateInput[], base?: Pick<CertificatePool, 'certificates' | 'unreadable'>) {
    const unreadable: InvalidInputError[] = [...(base?.unreadable ?? [])];
    const certificates: Certificate[] = (base?.certificates ?? []).filter((certificate) => this.#add(certificate));
    for (const der of inputs.flatMap((input) => splitInput(input, unreadable)).slice(0, MAX_CERTIFICATES)) {
      const certificate = tryParse(der, unreadable);
      if (certificate !== undefined && this.#add(certificate)) certificates.push(certificate);
    }
    this.certificates = certificates;
    this.unreadable = unreadable;
  }

  /**
   * Makes a pool with more certificates.
   *
   * @param certificates those that come behind the ones of this pool
   * @param unreadable why inputs beside them were left out
   */
  with(certificates: readonly Certificate[], unreadable: readonly InvalidInputError[]): CertificatePool {
    return new CertificatePool([], {
      certificates: [...this.certificates, ...certificates],
      unreadable: [...this.unreadable, ...unreadable],
    });
  }

  /** The certificates with a subject, by its `matchKey`. */
  withSubject(matchKey: string): readonly Certificate[] {
    return this.#bySubject.get(matchKey) ?? [];
  }

  /** The certificates with an issuer, by its `matchKey`. */
  withIssuer(matchKey: string): readonly Certificate[] {
    return this.#byIssuer.get(matchKey) ?? [];
  }

  #add(certificate: Certificate): boolean {
    const namesakes = this.#bySubject.get(certificate.subject.matchKey) ?? [];
    if (namesakes.some(({ der }) => equalBytes(der, certificate.der))) return false;
    namesakes.push(certificate);
    this.#bySubject.set(certificate.subject.matchKey, namesakes);
    const siblings = this.#byIssuer.get(certificate.issuer.matchKey) ?? [];
    siblings.push(certificate);
    this.#byIssuer.set(certificate.issuer.matchKey, siblings);
    return true;
  }
}

/**
 * Takes apart what a caller gave: the blocks of a PEM text, or DER as it is.
 *
 * @param input PEM or DER
 * @param unreadable takes the reason when it is neither
 * @returns the DER of each certificate
 * @throws {InvalidInputError} INVALID_ARGUMENT: neither text nor bytes
 */
export function splitInput(input: CertificateInput, unreadable: InvalidInputError[]): Uint8Array[] {
  if (isBytes(input)) return [input];
  if (typeof input !== 'string') {
    throw new InvalidInputError('INVALID_ARGUMENT', `A certificate must be PEM text or DER bytes, not ${typeof input}`);
  }
  try {
    const options = { label: ['CERTIFICATE', 'X509 CERTIFICATE'], maxBlocks: MAX_CERTIFICATES };
    return decodePem(input, options).map(({ der }) => der);
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    unreadable.push(error);
    return [];
  }
}

/**
 * Reads a certificate that may be anything.
 *
 * @param der what is to be one
 * @param unreadable takes the reason when it is not
 */
export function tryParse(der: Uint8Array, unreadable: InvalidInputError[]): Certificate | undefined {
  try {
    return parseCertificate(der);
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    unreadable.push(error);
    return undefined;
  }
}

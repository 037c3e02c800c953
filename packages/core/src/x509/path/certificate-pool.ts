import { toBase64 } from '../../encoding/base64.ts';
import { equalBytes, hashBytes, isBytes } from '../../encoding/bytes.ts';
import { decodePem } from '../../encoding/pem.ts';
import { InvalidInputError } from '../../errors/families.ts';
import { type Certificate, parseCertificate } from '../certificate/certificate.ts';

/** Certificates as callers have them: PEM, with one block or several, or DER. */
export type CertificateInput = string | Uint8Array;

/** How many certificates an input may hold; what comes behind is not looked at. */
export const MAX_CERTIFICATES = 1000;

/** Among so many, looking at each costs less than an index. */
const FEW = 4;

/**
 * Certificates that a path may be built from, found by subject. Those that cannot be read are left out and remembered, since
 * other people's bundles hold all kinds of things, and none of them may spoil the rest.
 */
export class CertificatePool {
  /** In the order given, each once. */
  readonly certificates: readonly Certificate[];
  /** Why inputs were left out. */
  readonly unreadable: readonly InvalidInputError[];
  #bySubject: ReadonlyMap<string, readonly Certificate[]> | undefined;
  #byIssuer: ReadonlyMap<string, readonly Certificate[]> | undefined;

  /**
   * @param inputs what the caller gave
   * @param base certificates that come first
   * @throws {InvalidInputError} INVALID_ARGUMENT: one is neither text nor bytes
   */
  constructor(inputs: readonly CertificateInput[], base?: Pick<CertificatePool, 'certificates' | 'unreadable'>) {
    const unreadable: InvalidInputError[] = base === undefined ? [] : [...base.unreadable];
    const ders = inputs.flatMap((input) => splitInput(input, unreadable)).slice(0, MAX_CERTIFICATES);
    const read = ders.map((der) => tryParse(der, unreadable)).filter((certificate) => certificate !== undefined);
    this.certificates = distinct(base === undefined ? read : [...base.certificates, ...read]);
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
    if (this.certificates.length <= FEW)
      return this.certificates.filter(({ subject }) => subject.matchKey === matchKey);
    this.#bySubject ??= grouped(this.certificates, ({ subject }) => subject.matchKey);
    return this.#bySubject.get(matchKey) ?? [];
  }

  /** The certificates with an issuer, by its `matchKey`. */
  withIssuer(matchKey: string): readonly Certificate[] {
    this.#byIssuer ??= grouped(this.certificates, ({ issuer }) => issuer.matchKey);
    return this.#byIssuer.get(matchKey) ?? [];
  }
}

function grouped(
  certificates: readonly Certificate[],
  keyOf: (certificate: Certificate) => string,
): Map<string, Certificate[]> {
  const groups = new Map<string, Certificate[]>();
  for (const certificate of certificates) {
    const key = keyOf(certificate);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [certificate]);
    else group.push(certificate);
  }
  return groups;
}

/** Leaves out what came before, byte for byte. */
function distinct(certificates: readonly Certificate[]): readonly Certificate[] {
  if (certificates.length <= FEW) {
    return certificates.filter(({ der }, at) => certificates.findIndex((other) => equalBytes(other.der, der)) === at);
  }
  const seen = new Map<number, Certificate[]>();
  // Anybody can make up certificates of one signature. To look at each of many would take the square of the time.
  const crowd = new Set<string>();
  return certificates.filter((certificate) => {
    const { der, signature } = certificate;
    const hash = hashBytes(signature);
    const alike = seen.get(hash) ?? [];
    if (alike.some((other) => equalBytes(other.der, der))) return false;
    if (alike.length < FEW) {
      seen.set(hash, [...alike, certificate]);
      return true;
    }
    const text = toBase64(der);
    if (crowd.has(text)) return false;
    crowd.add(text);
    return true;
  });
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

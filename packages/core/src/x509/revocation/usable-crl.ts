import { equalBytes } from '../../encoding/bytes.ts';
import { InvalidInputError } from '../../errors/families.ts';
import { type CertificateRevocationList, parseCrl } from '../crl/crl.ts';
import { decodeDeltaCrlIndicator } from '../extensions/crl-number.ts';
import { findExtension } from '../extensions/extension.ts';
import { ExtensionOid } from '../extensions/extension-oids.ts';
import {
  decodeIssuingDistributionPoint,
  type IssuingDistributionPoint,
} from '../extensions/issuing-distribution-point.ts';

/** A CRL that can be used at an instant, with what it is limited to. Its signature has not been looked at. */
export interface UsableCrl {
  readonly crl: CertificateRevocationList;
  readonly number: bigint;
  /** What the CRL is limited to; undefined when to nothing. */
  readonly scope: IssuingDistributionPoint | undefined;
  /** Of a delta CRL, the number of the CRL that it starts from. */
  readonly baseNumber: bigint | undefined;
}

/** Critical extensions that the revocation check processes beyond those that parsing does. */
const PROCESSED: ReadonlySet<string> = new Set([
  ExtensionOid.issuingDistributionPoint,
  ExtensionOid.deltaCRLIndicator,
  ExtensionOid.certificateIssuer,
]);

/**
 * Judges a CRL by itself.
 *
 * @param crl the CRL
 * @param at the instant, in epoch milliseconds
 * @returns the CRL with its limits, or why it says nothing about any certificate
 */
export function judgeCrl(crl: CertificateRevocationList, at: number): UsableCrl | string {
  const name = `The CRL of ${JSON.stringify(crl.issuer.toString())}`;
  const unknown = crl.unhandledCriticalExtensions.find((oid) => !PROCESSED.has(oid));
  if (unknown !== undefined) return `${name} has the critical extension ${unknown}, which is not processed here`;
  const number = findExtension(crl.extensions, 'cRLNumber');
  if (crl.number === undefined || number?.critical) {
    return `${name} ${number === undefined ? 'has no cRLNumber' : 'has a critical cRLNumber'} (RFC 5280 section 5.2.3)`;
  }
  const { thisUpdate, nextUpdate } = crl;
  if (thisUpdate.getTime() > at) return `${name} is of ${thisUpdate.toISOString()}, later than the instant asked about`;
  if (nextUpdate === undefined) return `${name} has no nextUpdate, so that it cannot be told to be fresh`;
  if (nextUpdate.getTime() < at) return `${name} is out of date since ${nextUpdate.toISOString()}`;
  try {
    const scope = findExtension(crl.extensions, 'issuingDistributionPoint');
    const delta = findExtension(crl.extensions, 'deltaCRLIndicator');
    return {
      crl,
      number: crl.number,
      scope: scope && decodeIssuingDistributionPoint(scope.value),
      baseNumber: delta && decodeDeltaCrlIndicator(delta.value),
    };
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    return `${name} is malformed: ${error.message}`;
  }
}

/**
 * Tells whether two CRLs have the same scope: the same issuer, and issuingDistributionPoint equal or absent in both (RFC
 * 5280 sections 5.2.4 and 6.3.3 (c)).
 */
export function hasSameScope(a: UsableCrl, b: UsableCrl): boolean {
  if (!a.crl.issuer.equals(b.crl.issuer)) return false;
  const [first, second] = [a, b].map(({ crl }) => findExtension(crl.extensions, 'issuingDistributionPoint')?.value);
  if (first === undefined || second === undefined) return first === second;
  return equalBytes(first, second);
}

/**
 * Tells whether a delta CRL brings a complete CRL up to date (RFC 5280 section 6.3.3 (c)).
 *
 * @param delta the delta CRL
 * @param complete the complete CRL
 */
export function updates(delta: UsableCrl, complete: UsableCrl): boolean {
  if (delta.baseNumber === undefined || !hasSameScope(delta, complete)) return false;
  const [one, other] = [delta.crl.authorityKeyIdentifier, complete.crl.authorityKeyIdentifier];
  if (
    one?.keyIdentifier !== undefined &&
    other?.keyIdentifier !== undefined &&
    !equalBytes(one.keyIdentifier, other.keyIdentifier)
  )
    return false;
  return complete.number >= delta.baseNumber && complete.number < delta.number;
}

/** CRLs that were parsed before, by the very bytes or text that the caller gave: a CRL of a million entries is read once. */
export class CrlCache {
  readonly #ofBytes = new WeakMap<Uint8Array, CertificateRevocationList>();
  readonly #ofText = new Map<string, CertificateRevocationList>();

  /**
   * Parses a CRL, once.
   *
   * @throws {InvalidInputError} CRL_INVALID, PEM_INVALID, DER_TOO_LARGE, INVALID_ARGUMENT: as `parseCrl`
   */
  parse(input: string | Uint8Array): CertificateRevocationList {
    const known = typeof input === 'string' ? this.#ofText.get(input) : this.#ofBytes.get(input);
    if (known !== undefined) return known;
    const crl = parseCrl(input);
    if (typeof input !== 'string') this.#ofBytes.set(input, crl);
    else {
      if (this.#ofText.size >= MAX_TEXTS) this.#ofText.clear();
      this.#ofText.set(input, crl);
    }
    return crl;
  }
}

const MAX_TEXTS = 64;

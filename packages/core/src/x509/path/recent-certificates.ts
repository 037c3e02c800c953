import { equalBytes, hashBytes } from '../../encoding/bytes.ts';
import type { InvalidInputError } from '../../errors/families.ts';
import type { Certificate } from '../certificate/certificate.ts';
import { tryParse } from './certificate-pool.ts';

const MOST = 256;
/** What is longer than any usual certificate is not worth a place. */
const LONGEST = 8192;
/** A certificate ends in its signature: so many bytes of it tell one from another as well as all would. */
const TELLING = 32;

/**
 * The intermediates that came along with certificates lately. Peers send the same few again and again: one that comes a second
 * time is kept, and with it what was found out about it. Of one that came once only a number is kept.
 */
export class RecentCertificates {
  /** By the hash of their bytes, the oldest first; undefined for one that came once. */
  readonly #byHash = new Map<number, Certificate | undefined>();

  readonly #familiar: Set<Certificate>;

  /** @param familiar is told of those that are kept, and of those that are no longer */
  constructor(familiar: Set<Certificate>) {
    this.#familiar = familiar;
  }

  /**
   * Reads a certificate, or finds it.
   *
   * @param der what is to be one
   * @param unreadable takes the reason when it is not
   */
  parse(der: Uint8Array, unreadable: InvalidInputError[]): Certificate | undefined {
    if (der.length > LONGEST) return tryParse(der, unreadable);
    const hash = hashBytes(der.subarray(-TELLING));
    const known = this.#byHash.get(hash);
    if (known !== undefined && equalBytes(known.der, der)) return known;
    const certificate = tryParse(der, unreadable);
    if (certificate === undefined) return undefined;
    if (this.#byHash.has(hash)) this.#keep(hash, certificate);
    else this.#note(hash);
    return certificate;
  }

  #keep(hash: number, certificate: Certificate): void {
    this.#forget(hash);
    this.#byHash.set(hash, certificate);
    this.#familiar.add(certificate);
  }

  #note(hash: number): void {
    for (const oldest of this.#byHash.keys()) {
      if (this.#byHash.size < MOST) break;
      this.#forget(oldest);
    }
    this.#byHash.set(hash, undefined);
  }

  #forget(hash: number): void {
    const certificate = this.#byHash.get(hash);
    if (certificate !== undefined) this.#familiar.delete(certificate);
    this.#byHash.delete(hash);
  }
}

import type { InvalidInputError } from '../../errors/families.ts';
import type { Certificate } from '../certificate/certificate.ts';
import { tryParse } from './certificate-pool.ts';
import { contentKey } from './content-key.ts';

const MOST = 256;

/**
 * The intermediates that came along with certificates lately. Peers send the same few again and again: one that is recognized
 * keeps what was found out about it, its key and who signed it.
 */
export class RecentCertificates {
  readonly #byContent = new Map<string, Certificate>();

  /**
   * Reads a certificate, or finds it.
   *
   * @param der what is to be one
   * @param unreadable takes the reason when it is not
   */
  parse(der: Uint8Array, unreadable: InvalidInputError[]): Certificate | undefined {
    // What is longer than any usual certificate is not worth a place.
    if (der.length > 8192) return tryParse(der, unreadable);
    const content = contentKey(der);
    const known = this.#byContent.get(content);
    if (known !== undefined) return known;
    const certificate = tryParse(der, unreadable);
    if (certificate === undefined) return undefined;
    for (const oldest of this.#byContent.keys()) {
      if (this.#byContent.size < MOST) break;
      this.#byContent.delete(oldest);
    }
    this.#byContent.set(content, certificate);
    return certificate;
  }
}

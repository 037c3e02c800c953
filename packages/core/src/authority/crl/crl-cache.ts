import type { SignedCrl } from './signed-crl.ts';

/** Enough for CRLs of several million entries; what is more is read again. */
const MOST_BYTES = 256 * 1024 * 1024;

/** The CRLs that were read or signed last: one of a million entries is asked for again and again, and moves seldom. */
export class CrlCache {
  /** Least recently used first. */
  readonly #known = new Map<string, { readonly blob: string; readonly crl: SignedCrl }>();
  readonly #mostBytes: number;
  #bytes = 0;

  /** @param mostBytes how much to keep; the newest is kept in any case */
  constructor(mostBytes = MOST_BYTES) {
    this.#mostBytes = mostBytes;
  }

  /**
   * Finds a CRL.
   *
   * @param place of which scope and kind
   * @param blob where the storage keeps it: what was known of another one is out of date
   */
  get(place: string, blob: string): SignedCrl | undefined {
    const known = this.#known.get(place);
    if (known?.blob !== blob) return undefined;
    this.#known.delete(place);
    this.#known.set(place, known);
    return known.crl;
  }

  /** Keeps a CRL in place of the last one. */
  set(place: string, blob: string, crl: SignedCrl): void {
    this.#drop(place);
    this.#known.set(place, { blob, crl });
    this.#bytes += crl.der.length;
    for (const oldest of this.#known.keys()) {
      if (this.#bytes <= this.#mostBytes || this.#known.size === 1) break;
      this.#drop(oldest);
    }
  }

  #drop(place: string): void {
    const known = this.#known.get(place);
    if (known === undefined) return;
    this.#known.delete(place);
    this.#bytes -= known.crl.der.length;
  }
}

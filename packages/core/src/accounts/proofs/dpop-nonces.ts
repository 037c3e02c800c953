import { fromBase64Url, toBase64Url } from '../../encoding/base64.ts';
import { concatBytes, equalBytes } from '../../encoding/bytes.ts';
import type { Clock } from '../../ports/clock.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';

const SLOT_BYTES = 8;
const TAG_BYTES = 16;

/** What nonces are made with. */
export interface DpopNoncesOptions {
  readonly crypto: CryptoProvider;
  readonly clock: Clock;
  /** The key that all instances share. */
  readonly key: () => Promise<Uint8Array>;
  /** How long a nonce is handed out, in milliseconds; it is accepted for as long again. */
  readonly lifetimeMs: number;
}

/**
 * Nonces for DPoP proofs (RFC 9449 section 8) that nobody stores: the number of a stretch of time and its HMAC-SHA-256. Every instance
 * knows the nonces of every other.
 */
export class DpopNonces {
  readonly #options: DpopNoncesOptions;

  constructor(options: DpopNoncesOptions) {
    this.#options = options;
  }

  /** The nonce to hand out at this instant. @throws {StorageError} any of its codes: the key cannot be read */
  current(): Promise<string> {
    return this.#nonceOf(this.#slot());
  }

  /** Whether a proof's nonce is of this stretch of time or of the one before. @throws {StorageError} as {@link current} */
  async isCurrent(nonce: unknown): Promise<boolean> {
    const bytes = decode(nonce);
    if (bytes === undefined) return false;
    const slot = this.#slot();
    const claimed = Number(new DataView(bytes.buffer).getBigUint64(0));
    if (claimed !== slot && claimed !== slot - 1) return false;
    // Nothing is learned from how far a guess got: whoever asks is handed the nonce itself.
    return equalBytes(bytes, fromBase64Url(await this.#nonceOf(claimed)));
  }

  async #nonceOf(slot: number): Promise<string> {
    const { crypto, key } = this.#options;
    const number = new Uint8Array(SLOT_BYTES);
    new DataView(number.buffer).setBigUint64(0, BigInt(slot));
    const tag = await crypto.hmac('SHA-256', await key(), number);
    return toBase64Url(concatBytes([number, tag.subarray(0, TAG_BYTES)]));
  }

  #slot(): number {
    return Math.max(1, Math.floor(this.#options.clock.now() / this.#options.lifetimeMs));
  }
}

function decode(nonce: unknown): Uint8Array | undefined {
  if (typeof nonce !== 'string' || nonce.length !== Math.ceil(((SLOT_BYTES + TAG_BYTES) * 4) / 3)) return undefined;
  try {
    return fromBase64Url(nonce);
  } catch {
    return undefined;
  }
}

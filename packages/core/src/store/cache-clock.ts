import type { Clock } from '../ports/clock.ts';
import type { CryptoProvider } from '../ports/crypto.ts';
import type { CollectionDefinition, StorageBackend } from '../ports/storage.ts';
import { randomVersion } from './receipts.ts';

const HOUR_MS = 3_600_000;
const LEASE_MS = 1;

/** Where instances ask a backend for its time. */
export const CACHE_CLOCK: CollectionDefinition = { name: 'layered_storage_clock' };

/**
 * Tells instants of a backend's own clock that have passed: a claim leaves its time in the document.
 *
 * Hosts' clocks may be wrong, and the bound of a cache must hold nevertheless. An instant that was told a while ago only makes
 * copies shorter-lived, so that the host's clock decides when to ask again, and nothing else.
 */
export class CacheClock {
  readonly #backend: StorageBackend;
  readonly #crypto: CryptoProvider;
  readonly #clock: Clock;
  readonly #renewAfterMs: number;
  readonly #id: string;
  #latest: { readonly instant: number; readonly asked: number } | undefined;
  #asking: Promise<number> | undefined;

  /** @param renewAfterMs - how old an instant may be, by the host's clock, before the backend is asked again */
  constructor(backend: StorageBackend, crypto: CryptoProvider, clock: Clock, renewAfterMs: number) {
    this.#backend = backend;
    this.#crypto = crypto;
    this.#clock = clock;
    this.#renewAfterMs = renewAfterMs;
    this.#id = randomVersion(crypto);
  }

  /**
   * An instant by the backend's clock that is not in the future, in epoch milliseconds.
   *
   * @throws {StorageError} the backend's
   */
  async past(): Promise<number> {
    const elapsed = this.#latest && this.#clock.now() - this.#latest.asked;
    if (this.#latest !== undefined && elapsed !== undefined && elapsed >= 0 && elapsed < this.#renewAfterMs) {
      return this.#latest.instant;
    }
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #ask(): Promise<number> {
    const asked = this.#clock.now();
    const known = this.#latest?.instant;
    await this.#put(known);
    const { name: collection } = CACHE_CLOCK;
    const [claimed] = await this.#backend.claim({ collection, queue: this.#id, limit: 1, leaseMs: LEASE_MS });
    if (claimed?.dueAt === undefined) {
      // Hours after the latest answer the document expired on arrival: the next attempt starts anew.
      this.#latest = undefined;
      return Number.NEGATIVE_INFINITY;
    }
    const instant = claimed.dueAt - LEASE_MS;
    this.#latest = { instant, asked };
    // Of an instance that never asks again, nothing must stay.
    if (known === undefined) await this.#put(instant);
    return instant;
  }

  async #put(known: number | undefined): Promise<void> {
    await this.#backend.commit([
      {
        kind: 'put',
        collection: CACHE_CLOCK.name,
        id: this.#id,
        version: randomVersion(this.#crypto),
        data: {},
        dueAt: 0,
        dueQueue: this.#id,
        ...(known !== undefined && { expiresAt: known + HOUR_MS }),
      },
    ]);
  }
}

import type { CertificateSource } from '../../ports/certificate-source.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Timer } from '../../ports/timer.ts';
import type { Closing } from '../closing.ts';
import { withDeadline } from '../deadline.ts';
import { LruMap } from '../lru-map.ts';
import { codeOf } from '../names/freshness.ts';
import type { RateBudget } from '../rate-budget.ts';

/** How long a refusal is remembered, in milliseconds. */
const REFUSAL_MS = 60_000;
const MOST_REFUSALS = 10_000;
/** How long `allow` may take, in milliseconds. */
const ALLOW_MS = 10_000;
/** How long getting a certificate may take, in milliseconds. */
const OBTAIN_MS = 5 * 60_000;

/** Getting certificates for names at their first handshake. */
export interface OnDemandOptions {
  /**
   * Whether a name may have a certificate: anybody can point a name at this server. Ask your own records; a refusal, or an error, is
   * remembered for a minute.
   */
  readonly allow: (name: string) => boolean | Promise<boolean>;
  /** How many names are got at once; others are refused meanwhile. Default 10. */
  readonly maxPending?: number;
  /** How many names this process gets within a minute. Default 60. */
  readonly perMinute?: number;
  /** How long a handshake waits for its certificate, in milliseconds. Later ones find it. Default 10,000. */
  readonly waitMs?: number;
}

/** What certificates are got with. */
export interface OnDemandParts {
  readonly obtain: NonNullable<CertificateSource['obtain']>;
  readonly allow: OnDemandOptions['allow'];
  readonly maxPending: number;
  readonly budget: RateBudget;
  readonly clock: Clock;
  readonly logger: Logger | undefined;
  /** How long a handshake waits, in milliseconds; what it waits for goes on. */
  readonly waitMs: number;
  readonly timer: Timer;
  readonly closing: Closing;
}

/** Gets certificates for names that have none: each name once at a time, few names at once, and none that was refused lately. */
export class OnDemand {
  readonly #parts: OnDemandParts;
  readonly #pending = new Map<string, Promise<boolean>>();
  readonly #refusedUntil = new LruMap<string, number>(MOST_REFUSALS);

  constructor(parts: OnDemandParts) {
    this.#parts = parts;
  }

  /** Whether a name need not be asked for: it was refused, or got no certificate, within the last minute. */
  isRefused(name: string): boolean {
    const left = (this.#refusedUntil.peek(name) ?? 0) - this.#parts.clock.now();
    // More is left only where the clock was set back.
    return left > 0 && left <= REFUSAL_MS;
  }

  /**
   * Gets a certificate for a name, where it may have one.
   *
   * @returns whether there is one
   * @throws {ChanceryError} ABORTED: it takes longer than a handshake waits
   */
  async obtain(name: string): Promise<boolean> {
    if (this.isRefused(name)) return false;
    const pending = this.#pending.get(name) ?? this.#begin(name);
    if (pending === undefined) return false;
    const { timer, waitMs, closing } = this.#parts;
    return withDeadline(timer, waitMs, closing, () => pending);
  }

  #begin(name: string): Promise<boolean> | undefined {
    if (this.#pending.size >= this.#parts.maxPending) return undefined;
    const pending = this.#obtain(name).finally(() => this.#pending.delete(name));
    this.#pending.set(name, pending);
    return pending;
  }

  async #obtain(name: string): Promise<boolean> {
    const { allow, obtain, budget, timer, logger, closing } = this.#parts;
    try {
      // Who never answers must not hold a place for ever.
      const isAllowed = await withDeadline(timer, ALLOW_MS, closing, async () => allow(name));
      if (isAllowed !== true) return this.#refuse(name);
      if (!budget.take()) return false;
      const served = await withDeadline(timer, OBTAIN_MS, closing, (signal) => obtain(name, { signal }));
      logger?.info('A certificate was asked for on demand', { name, isIssued: served !== undefined });
      return served !== undefined;
    } catch (error) {
      if (closing.isClosed) return false;
      logger?.warn('There is no certificate on demand', { name, error: codeOf(error) });
      return this.#refuse(name);
    }
  }

  #refuse(name: string): false {
    this.#refusedUntil.set(name, this.#parts.clock.now() + REFUSAL_MS);
    return false;
  }
}

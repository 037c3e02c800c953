import { AuthenticationError, type Clock, type RateLimitError } from '@chancery/core';
import { addressBlock, type RateLimits } from './rate-limits.ts';

const KEPT = 10_000;

/** What every client comes to in time: it was good once, or the server asks for something first. */
const ORDINARY: readonly string[] = ['TOKEN_EXPIRED', 'PROOF_NONCE_REQUIRED'];

/**
 * Counts tokens and proofs that were refused, by address. Past the limit an address is told no more than that it sends too many: not what is wrong with
 * a token. Good tokens go on being good, since others may send bad ones from the same address.
 */
export class FailedTokens {
  readonly #rateLimits: RateLimits;
  readonly #clock: Clock;
  /** Addresses past the limit, and until when: they cost the storage nothing meanwhile. */
  readonly #past = new Map<string, { readonly until: number; readonly refusal: RateLimitError }>();

  constructor(rateLimits: RateLimits, clock: Clock) {
    this.#rateLimits = rateLimits;
    this.#clock = clock;
  }

  /**
   * Counts a refusal.
   *
   * @param error - why nobody was identified
   * @param address - the client's; undefined: nobody knows, and it is not counted
   * @returns what to tell the client: the error, or RATE_LIMITED in its place
   * @throws {StorageError} any of its codes
   */
  async judge(error: unknown, address: string | undefined): Promise<unknown> {
    const isCounted = error instanceof AuthenticationError && !ORDINARY.includes(error.code);
    if (!isCounted || address === undefined) return error;
    const block = addressBlock(address);
    const past = this.#past.get(block);
    const now = this.#clock.now();
    if (past !== undefined && past.until > now) return past.refusal;
    this.#past.delete(block);
    const { refusal } = await this.#rateLimits.charge('failedTokens', address);
    if (refusal === undefined) return error;
    this.#past.set(block, { until: now + refusal.retryAfterMs, refusal });
    if (this.#past.size > KEPT) this.#past.delete(this.#past.keys().next().value as string);
    return refusal;
  }
}

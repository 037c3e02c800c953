import type { CryptoProvider } from '../../ports/crypto.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** How long an event is tried before it becomes a dead letter, in milliseconds: three days. */
export const RETRY_FOR_MS = 72 * HOUR;

/** The longest rest that a receiver can ask for, in milliseconds. */
export const MAX_RETRY_AFTER_MS = 24 * HOUR;

const DELAYS = [5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR] as const;
const LONGEST = 2 * HOUR;

/**
 * Draws how long to wait after an attempt that failed: 5 s, 30 s, 2 min, 10 min, 30 min, 1 h, then 2 h each, give or take a fifth, so that
 * what failed together does not come back together.
 *
 * @param attempts how many have failed, at least 1
 * @param crypto where the randomness comes from
 * @returns milliseconds
 */
export function retryDelay(attempts: number, crypto: CryptoProvider): number {
  const delay = DELAYS[attempts - 1] ?? LONGEST;
  const [high = 0, low = 0] = crypto.randomBytes(2);
  return Math.round(delay * (0.8 + (0.4 * (high * 256 + low)) / 65535));
}

/** How long a receiver that asked for a rest is left alone: never negative, at most a day. */
export function boundedRest(retryAfterMs: number | undefined): number {
  if (retryAfterMs === undefined || !(retryAfterMs > 0)) return 0;
  return Math.min(Math.ceil(retryAfterMs), MAX_RETRY_AFTER_MS);
}

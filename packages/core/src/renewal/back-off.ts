import type { CryptoProvider } from '../ports/crypto.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const STEPS = [MINUTE, 10 * MINUTE, 100 * MINUTE] as const;
/** The longest rest that an issuer can ask for. */
const LONGEST_REST = 7 * DAY;

/** A renewal that has failed. Instants are epoch milliseconds. */
export interface FailedAttempt {
  readonly now: number;
  /** Failures in a row, this one included. */
  readonly attempts: number;
  /** Of the certificate in force; both 0 before the first. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** When the issuer wants to be asked again. */
  readonly retryAfter?: number;
}

/**
 * When a renewal that failed is tried again: after 1, 10 and 100 minutes, then daily, give or take a tenth. What lives shorter than that
 * allows is tried sooner: never later than a quarter of the time that is left, or that has passed since the certificate ended. An issuer
 * that asks for a rest gets it, up to seven days.
 *
 * @returns epoch milliseconds
 */
export function nextAttemptAt(failed: FailedAttempt, crypto: CryptoProvider): number {
  const { now, attempts, retryAfter = 0 } = failed;
  const step = Math.min(STEPS[attempts - 1] ?? DAY, patience(failed));
  const backOff = now + Math.round(step * (0.9 + 0.2 * unit(crypto)));
  // A rest ends for everybody at once: who was sent away together does not come back together.
  const rest =
    retryAfter <= now ? 0 : Math.min(Math.ceil(retryAfter), now + LONGEST_REST) + Math.floor(step * 0.1 * unit(crypto));
  return Math.max(backOff, rest);
}

function patience({ now, notBefore, notAfter }: FailedAttempt): number {
  const lifetime = notAfter - notBefore;
  if (lifetime <= 0) return Number.POSITIVE_INFINITY;
  return Math.max(Math.abs(notAfter - now) / 4, lifetime / 1_000, MINUTE);
}

/** A random number from 0 to 1. */
function unit(crypto: CryptoProvider): number {
  const [high = 0, low = 0] = crypto.randomBytes(2);
  return (high * 256 + low) / 65_535;
}

import { ChanceryError } from '../errors/chancery-error.ts';
import type { CryptoProvider } from '../ports/crypto.ts';

/** Waits. Rejects with ABORTED as soon as the signal says so. */
export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>;

/**
 * Waits by the runtime's own timer.
 *
 * @param ms how long, in milliseconds
 * @param signal ends the waiting early
 * @throws {ChanceryError} ABORTED: the signal was aborted, before or meanwhile
 */
export const timerSleep: Sleep = (ms, signal) =>
  new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(aborted(signal));
      return;
    }
    const stop = (): void => {
      clearTimeout(timer);
      reject(aborted(signal as AbortSignal));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal?.addEventListener('abort', stop, { once: true });
  });

/**
 * Throws if a signal has been aborted.
 *
 * @throws {ChanceryError} ABORTED: it has
 */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw aborted(signal);
}

function aborted(signal: AbortSignal): ChanceryError {
  return new ChanceryError('ABORTED', 'The operation was aborted', { cause: signal.reason });
}

/**
 * Draws a delay that grows with each attempt: uniform from zero to the cap of the attempt ("full jitter"), so that those
 * who collided do not collide again.
 *
 * @param attempt which attempt has failed, from 1
 * @param options.firstMs the cap after the first attempt; it doubles from there
 * @param options.maxMs where doubling ends
 * @param crypto where the randomness comes from
 * @returns milliseconds
 */
export function backoffDelay(
  attempt: number,
  options: { readonly firstMs: number; readonly maxMs: number },
  crypto: CryptoProvider,
): number {
  const cap = Math.min(options.maxMs, options.firstMs * 2 ** Math.min(attempt - 1, 30));
  const [high = 0, low = 0] = crypto.randomBytes(2);
  return Math.floor((cap * (high * 256 + low)) / 65535);
}

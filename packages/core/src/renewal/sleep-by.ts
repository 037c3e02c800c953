import type { Timer } from '../ports/timer.ts';
import { type Sleep, throwIfAborted } from '../store/backoff.ts';

/** Waits by a timer that was given. */
export function sleepBy(timer: Timer): Sleep {
  return async (ms, signal) => {
    throwIfAborted(signal);
    await new Promise<void>((resolve) => {
      const done = (): void => {
        callOff();
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const callOff = timer(ms, done);
      signal?.addEventListener('abort', done, { once: true });
    });
    throwIfAborted(signal);
  };
}

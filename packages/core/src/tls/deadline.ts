import { ChanceryError } from '../errors/chancery-error.ts';
import type { Timer } from '../ports/timer.ts';
import type { Closing } from './closing.ts';

/**
 * Waits for work that may never end.
 *
 * @param timer counts the time
 * @param ms how long to wait, in milliseconds
 * @param closing ends the waiting as well
 * @param work is given a signal that tells it to give up
 * @throws {ChanceryError} ABORTED: there was no answer in time, or it is over
 */
export async function withDeadline<T>(
  timer: Timer,
  ms: number,
  closing: Closing,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const stopping = new AbortController();
  const { signal } = stopping;
  const stopped = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  const giveUp = (message: string) => stopping.abort(new ChanceryError('ABORTED', message));
  const callOff = timer(ms, () => giveUp(`There was no answer within ${ms} ms`));
  const letGo = closing.onClose(() => giveUp('The resolver was closed'));
  try {
    return await Promise.race([stopped, work(signal)]);
  } finally {
    callOff();
    letGo();
  }
}

import { ChanceryError } from '../errors/chancery-error.ts';
import type { Timer } from '../ports/timer.ts';
import { throwIfAborted } from '../store/backoff.ts';
import { untilAborted } from '../store/until-aborted.ts';

/** How long to wait for work of the host's. */
export interface WithinTimeOptions {
  /** Milliseconds. */
  readonly ms: number;
  readonly timer: Timer;
  /** Ends the waiting as well. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Waits for work of the host's that may never end.
 *
 * @param work - is given a signal that tells it to give up; what it comes to after that counts for nothing
 * @throws {ChanceryError} ABORTED: its time is up, or `signal` was aborted
 * @throws what the work throws
 */
export async function withinTime<T>(
  work: (signal: AbortSignal) => T | Promise<T>,
  { ms, timer, signal }: WithinTimeOptions,
): Promise<T> {
  throwIfAborted(signal);
  const over = new AbortController();
  const giveUp = (why: string): void => over.abort(new ChanceryError('ABORTED', why));
  const stop = (): void => giveUp('The operation was aborted');
  const callOff = timer(ms, () => giveUp(`There was no answer within ${ms} ms`));
  signal?.addEventListener('abort', stop, { once: true });
  try {
    return await untilAborted((async () => work(over.signal))(), over.signal);
  } finally {
    callOff();
    signal?.removeEventListener('abort', stop);
  }
}

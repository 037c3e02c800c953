import type { EventEmitter } from 'node:events';

/** Waits for one of the events that tell that a client is ready, or why it is not. */
export function readyOrError(emitter: Pick<EventEmitter, 'on' | 'off'>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (then: () => void) => {
      emitter.off('ready', onReady);
      emitter.off('error', onError);
      signal.removeEventListener('abort', onAbort);
      then();
    };
    const onReady = () => settle(resolve);
    const onError = (error: unknown) => settle(() => reject(error));
    const onAbort = () => settle(() => reject(signal.reason));
    emitter.on('ready', onReady);
    emitter.on('error', onError);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
}

/**
 * Waits for a promise, but not for ever.
 *
 * @throws whatever the promise rejects with, or `late()` after `timeoutMs`
 */
export function within<T>(promise: Promise<T>, timeoutMs: number, late: () => Error): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => reject(late()), timeoutMs);
    promise.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}

import type { MaybePromise } from './crypto.ts';

/**
 * Continues with a value that may be there at once: stays synchronous when it is.
 *
 * @param value the value, or a promise of it; of any realm, since providers come from elsewhere
 * @param next what to do with it
 * @returns what `next` returns, or a promise of it
 */
export function andThen<T, R>(value: MaybePromise<T>, next: (value: T) => MaybePromise<R>): MaybePromise<R> {
  return isPromise(value) ? value.then(next) : next(value);
}

/** Tells whether a value is yet to come. */
export function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  return typeof (value as { then?: unknown } | undefined)?.then === 'function';
}

import { InvalidInputError } from '../errors/families.ts';
import { quote } from '../errors/quote.ts';
import { requireObject } from '../errors/require-object.ts';

/** What every call that waits can be given. */
export interface Abortable {
  /**
   * Ends the waiting with ABORTED. What was committed by then stays committed. It is looked at between calls of the storage: one that hangs ends by
   * the timeout of its adapter.
   */
  readonly signal?: AbortSignal;
}

/**
 * The signal of a call's options alone, to be handed on.
 *
 * @throws {InvalidInputError} INVALID_ARGUMENT: the options are no object, or their signal is none
 */
export function signalOf(options: Abortable): Abortable {
  requireObject(options, 'options');
  const { signal } = options;
  if (signal === undefined) return {};
  if (signal instanceof AbortSignal) return { signal };
  throw new InvalidInputError('INVALID_ARGUMENT', `signal must be an AbortSignal, not ${quote(signal)}`);
}

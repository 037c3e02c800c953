/** What every call that waits can be given. */
export interface Abortable {
  /** Ends the waiting with ABORTED. What was committed by then stays committed. */
  readonly signal?: AbortSignal;
}

/** The signal of a call's options alone, to be handed on. */
export function signalOf({ signal }: Abortable): Abortable {
  return signal === undefined ? {} : { signal };
}

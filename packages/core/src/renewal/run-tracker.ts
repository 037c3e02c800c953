import type { RunControl } from './context.ts';

/** The runs that are under way, and what ends them. */
export class RunTracker {
  readonly #runs = new Set<Promise<unknown>>();
  #halt = new AbortController();
  #breakOff = new AbortController();

  /**
   * Runs something that `end` waits for.
   *
   * @param signal breaks off this run alone
   */
  async track<T>(run: (control: RunControl) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const or = (other: AbortSignal): AbortSignal => (signal === undefined ? other : AbortSignal.any([other, signal]));
    const running = run({ halt: or(this.#halt.signal), signal: or(this.#breakOff.signal) });
    this.#runs.add(running);
    try {
      return await running;
    } finally {
      this.#runs.delete(running);
    }
  }

  /**
   * Lets what runs come to its end. What is tracked from now on is not concerned.
   *
   * @param signal breaks it off
   */
  async end(signal: AbortSignal | undefined): Promise<void> {
    const breakOff = this.#breakOff;
    const onAbort = (): void => breakOff.abort(signal?.reason);
    this.#halt.abort();
    this.#halt = new AbortController();
    this.#breakOff = new AbortController();
    if (signal?.aborted) onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
    await Promise.allSettled(this.#runs);
    signal?.removeEventListener('abort', onAbort);
  }
}

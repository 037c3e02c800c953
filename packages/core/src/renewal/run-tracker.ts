import type { RunControl } from './context.ts';

/** A run, and what ends it. */
interface TrackedRun {
  readonly done: Promise<unknown>;
  readonly halt: AbortController;
  readonly breakOff: AbortController;
}

/** The runs that are under way, and what ends them. */
export class RunTracker {
  readonly #runs = new Set<TrackedRun>();

  /**
   * Runs something that `end` waits for.
   *
   * @param signal breaks off this run alone
   */
  async track<T>(run: (control: RunControl) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const or = (own: AbortSignal): AbortSignal => (signal === undefined ? own : AbortSignal.any([own, signal]));
    const [halt, breakOff] = [new AbortController(), new AbortController()];
    const done = run({ halt: or(halt.signal), signal: or(breakOff.signal) });
    const tracked = { done, halt, breakOff };
    this.#runs.add(tracked);
    try {
      return await done;
    } finally {
      this.#runs.delete(tracked);
    }
  }

  /**
   * Lets what runs come to its end. What is tracked from now on is not concerned.
   *
   * @param signal breaks it off, whoever else waits for it
   */
  async end(signal: AbortSignal | undefined): Promise<void> {
    const runs = [...this.#runs];
    const onAbort = (): void => {
      for (const { breakOff } of runs) breakOff.abort(signal?.reason);
    };
    for (const { halt } of runs) halt.abort();
    if (signal?.aborted) onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
    await Promise.allSettled(runs.map(({ done }) => done));
    signal?.removeEventListener('abort', onAbort);
  }
}

import type { RunControl } from './context.ts';
import { Stop } from './stop.ts';

/** A run, and what ends it. */
interface TrackedRun extends RunControl {
  readonly done: Promise<unknown>;
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
    const control = { halt: new Stop(), breakOff: new Stop() };
    const onAbort = (): void => stop(control, signal?.reason);
    if (signal?.aborted) onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
    const done = run(control);
    const tracked = { ...control, done };
    this.#runs.add(tracked);
    try {
      return await done;
    } finally {
      this.#runs.delete(tracked);
      signal?.removeEventListener('abort', onAbort);
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
      for (const run of runs) stop(run, signal?.reason);
    };
    for (const { halt } of runs) halt.call();
    if (signal?.aborted) onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
    await Promise.allSettled(runs.map(({ done }) => done));
    signal?.removeEventListener('abort', onAbort);
  }
}

/** Begins nothing more, and breaks off what runs. */
function stop({ halt, breakOff }: RunControl, reason: unknown): void {
  halt.call(reason);
  breakOff.call(reason);
}

import type { Clock } from '../ports/clock.ts';
import type { Timer } from '../ports/timer.ts';

const FIRST_BACKOFF_MS = 1_000;

/** What a loop runs, and how often. */
export interface LoopOptions {
  /** Does what is due, and says when there will be more, epoch milliseconds. */
  run(): Promise<number>;
  onError(error: unknown): void;
  readonly clock: Clock;
  readonly timer: Timer;
  /** The bounds of the pause between two runs, milliseconds. */
  readonly pause: { readonly min: number; readonly max: number };
}

/** Runs something again and again, when there is something to do or the longest pause is over, and more slowly while it fails. */
export class Loop {
  readonly #options: LoopOptions;
  #callOff: (() => void) | undefined;
  #stopped = false;

  constructor(options: LoopOptions) {
    this.#options = options;
  }

  /** Begins with a run at once. */
  start(): void {
    this.#schedule(0, 0);
  }

  /** Begins nothing any more. What runs goes on. */
  stop(): void {
    this.#stopped = true;
    this.#callOff?.();
  }

  #schedule(ms: number, failures: number): void {
    if (this.#stopped) return;
    this.#callOff = this.#options.timer(ms, () => {
      void this.#run(failures);
    });
  }

  async #run(failures: number): Promise<void> {
    const { run, onError, clock, pause } = this.#options;
    try {
      const wait = (await run()) - clock.now();
      this.#schedule(Math.min(Math.max(wait, pause.min), pause.max), 0);
    } catch (error) {
      onError(error);
      this.#schedule(Math.min(FIRST_BACKOFF_MS * 2 ** Math.min(failures, 16), pause.max), failures + 1);
    }
  }
}

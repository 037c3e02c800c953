import { ChanceryError, type Clock, type Logger, type Timer } from '@chancery/core';
import type { GaugeOf } from '../instruments.ts';

/** What a look came to: it is shown once all of it is known. */
export type Show = () => void;

/** What a `Refreshed` works with. */
export interface RefreshedOptions {
  /** What it looks at, such as `certificates`. */
  readonly name: string;
  readonly look: (signal: AbortSignal) => Promise<Show>;
  readonly refreshMs: number;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly timer: Timer;
  readonly logger: Logger | undefined;
  /** 1 while the last look succeeded. */
  readonly healthy: GaugeOf<'source'>;
  readonly lastSuccess: GaugeOf<'source'>;
}

/**
 * Looks at something when it is asked to, but not more often than so many milliseconds, one look at a time. What failed leaves what was seen
 * before, and says so by a gauge of its own: a storage that is down must not look like one that is empty.
 */
export class Refreshed {
  readonly #options: RefreshedOptions;
  #startedAt: number | undefined;
  #running: Promise<void> | undefined;

  constructor(options: RefreshedOptions) {
    this.#options = options;
  }

  /** Waits until what is shown is fresh enough, or the time for that is up. It never rejects. */
  async refresh(): Promise<void> {
    const { clock, refreshMs } = this.#options;
    const isDue = this.#startedAt === undefined || Math.abs(clock.now() - this.#startedAt) >= refreshMs;
    if (this.#running === undefined && isDue) {
      this.#startedAt = clock.now();
      this.#running = this.#look().finally(() => {
        this.#running = undefined;
      });
    }
    await this.#running;
  }

  /** What goes on after the time is up is told to stop, and shows nothing any more. */
  async #look(): Promise<void> {
    const { name, look, timeoutMs, timer, clock, healthy, lastSuccess } = this.#options;
    const stopping = new AbortController();
    let callOff: () => void = () => undefined;
    const timeUp = new Promise<never>((_, reject) => {
      callOff = timer(timeoutMs, () => reject(new Error('The time is up')));
    });
    try {
      const show = await Promise.race([look(stopping.signal), timeUp]);
      show();
      healthy.set({ source: name }, 1);
      lastSuccess.set({ source: name }, clock.now() / 1_000);
    } catch (error) {
      stopping.abort();
      healthy.set({ source: name }, 0);
      this.#log(error);
    } finally {
      callOff();
    }
  }

  #log(error: unknown): void {
    const code = error instanceof ChanceryError ? error.code : error instanceof Error ? error.name : typeof error;
    try {
      this.#options.logger?.warn('Metrics could not be read anew', { source: this.#options.name, error: code });
    } catch {
      // A logger that fails must not fail a scrape.
    }
  }
}

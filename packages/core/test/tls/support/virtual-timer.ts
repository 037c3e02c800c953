import type { Timer } from '../../../src/ports/timer.ts';
import { VirtualClock } from '../../../src/testing/virtual-clock.ts';

interface Wait {
  readonly at: number;
  readonly callback: () => void;
}

/** A timer whose time passes when it is told to, and the clock that goes with it. */
export class VirtualTimer {
  readonly clock = new VirtualClock();
  readonly #waits = new Set<Wait>();

  readonly timer: Timer = (ms, callback) => {
    const wait = { at: this.clock.now() + ms, callback };
    this.#waits.add(wait);
    return () => this.#waits.delete(wait);
  };

  get pending(): number {
    return this.#waits.size;
  }

  /** Lets time pass, and what is due run in its order, each with all that follows from it. */
  async pass(ms: number): Promise<void> {
    const end = this.clock.now() + ms;
    await quiet();
    while (true) {
      const [next] = [...this.#waits].filter(({ at }) => at <= end).sort((one, other) => one.at - other.at);
      if (next === undefined) break;
      this.clock.set(Math.max(next.at, this.clock.now()));
      this.#waits.delete(next);
      next.callback();
      await quiet();
    }
    this.clock.set(end);
  }
}

/** Waits until nothing that needs no I/O is left to do. */
export async function quiet(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

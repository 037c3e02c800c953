import type { Clock } from '../../ports/clock.ts';

const REREADS = 10;
const PERIOD_MS = 10_000;

/**
 * How often an unknown `kid` may send this instance to the storage: ten times in ten seconds. A key that was just put to work is found at
 * once, and a flood of made-up names costs next to nothing.
 */
export class RereadBudget {
  readonly #clock: Clock;
  #spent = 0;
  #since = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes one reread, if one is left. */
  take(): boolean {
    const now = this.#clock.now();
    if (now < this.#since || now - this.#since >= PERIOD_MS) {
      this.#since = now;
      this.#spent = 0;
    }
    if (this.#spent >= REREADS) return false;
    this.#spent += 1;
    return true;
  }
}

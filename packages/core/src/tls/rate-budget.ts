import type { Clock } from '../ports/clock.ts';

/** How often something may be done in this process: so many times a period at once, and refilled evenly. */
export class RateBudget {
  readonly #most: number;
  readonly #periodMs: number;
  readonly #clock: Clock;
  #left: number;
  #filledAt: number;

  /**
   * @param most how many a period, 1 or more
   * @param periodMs in milliseconds
   */
  constructor(most: number, periodMs: number, clock: Clock) {
    this.#most = most;
    this.#periodMs = periodMs;
    this.#clock = clock;
    this.#left = most;
    this.#filledAt = clock.now();
  }

  /** Takes one. @returns whether there was one left */
  take(): boolean {
    this.#fill();
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }

  /** How long until there is one, in milliseconds. */
  waitMs(): number {
    this.#fill();
    return Math.max(0, Math.ceil(((1 - this.#left) * this.#periodMs) / this.#most));
  }

  #fill(): void {
    const now = this.#clock.now();
    // A clock that was set back gives nothing, and takes nothing.
    const elapsed = Math.max(0, now - this.#filledAt);
    this.#left = Math.min(this.#most, this.#left + (elapsed * this.#most) / this.#periodMs);
    this.#filledAt = now;
  }
}

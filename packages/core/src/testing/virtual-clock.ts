import { InvalidInputError } from '../errors/families.ts';
import type { Clock } from '../ports/clock.ts';

/** 2026-01-01T00:00:00Z */
const DEFAULT_START = 1_767_225_600_000;

/**
 * A clock that moves only when it is told to, so that years pass within a test and every run sees the same instants.
 *
 * @example
 * const clock = new VirtualClock();
 * clock.advance(90 * 86_400_000);
 */
export class VirtualClock implements Clock {
  #now: number;

  /**
   * @param start - epoch milliseconds. Default 2026-01-01T00:00:00Z
   * @throws {InvalidInputError} INVALID_ARGUMENT: no safe integer
   */
  constructor(start: number = DEFAULT_START) {
    this.#now = instant(start);
  }

  now(): number {
    return this.#now;
  }

  /**
   * Lets time pass.
   *
   * @param milliseconds - 0 or more
   * @returns the instant that is reached
   * @throws {InvalidInputError} INVALID_ARGUMENT: negative, or no safe integer
   */
  advance(milliseconds: number): number {
    if (milliseconds < 0) throw invalid(`a clock cannot advance by ${milliseconds} ms; use set`);
    this.#now = instant(this.#now + instant(milliseconds));
    return this.#now;
  }

  /**
   * Sets the clock, backwards too, as the clock of a server may be.
   *
   * @param now - epoch milliseconds
   * @throws {InvalidInputError} INVALID_ARGUMENT: no safe integer
   */
  set(now: number): void {
    this.#now = instant(now);
  }
}

function instant(value: number): number {
  if (!Number.isSafeInteger(value)) throw invalid(`milliseconds must be a safe integer, not ${value}`);
  return value;
}

function invalid(message: string): InvalidInputError {
  return new InvalidInputError('INVALID_ARGUMENT', message);
}

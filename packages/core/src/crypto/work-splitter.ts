import type { MaybePromise } from '../ports/crypto.ts';

// About a millisecond of P-256 work, so that a loop over one caller's requests lets timers run.
const INLINE_PER_TURN = 32;
const RESULTS_PER_TURN = 16;

/** Starts work on the thread pool and hands it a callback in the manner of Node. */
export type PoolStart<T> = (done: (error: Error | null, result: T) => void) => void;

/**
 * Decides whether a piece of cryptography runs at once or on the thread pool.
 *
 * A lone caller, who awaits each result before asking for the next, is served inline: the pool would cost more than the work. Now and
 * then it waits for the event loop to turn. Once a queue forms, everything goes to the pool until it has drained, and the cores share
 * it. Results come back in small groups, one group a turn, so that a long queue does not hold up the rest.
 *
 * A queue is seen for what it is by microtask order: the continuation of a lone caller runs behind the mark that its
 * call left, and a second caller of the same round runs before it.
 */
export class WorkSplitter {
  #marked = false;
  #inlineLeft = INLINE_PER_TURN;
  #resultsLeft = RESULTS_PER_TURN;
  #turnEndsScheduled = false;
  /** Not settled yet, wherever they are. */
  #pending = 0;
  readonly #forNextTurn: (() => void)[] = [];
  readonly #clearMark = (): void => {
    this.#marked = false;
  };
  readonly #endTurn = (): void => {
    this.#turnEndsScheduled = false;
    this.#inlineLeft = INLINE_PER_TURN;
    this.#resultsLeft = RESULTS_PER_TURN;
    for (const proceed of this.#forNextTurn.splice(0, RESULTS_PER_TURN)) this.#release(proceed);
  };

  /**
   * Runs an operation where it is best run.
   *
   * @param inline runs it at once
   * @param start starts it on the pool instead
   * @returns its result, or a promise of it; what it throws is thrown or rejected
   */
  run<T>(inline: () => T, start: PoolStart<T>): MaybePromise<T> {
    if (this.#marked || this.#pending > 0) return this.runOnPool(start);
    if (this.#inlineLeft === 0) return this.#runNextTurn(inline);
    this.#marked = true;
    queueMicrotask(this.#clearMark);
    this.#inlineLeft--;
    this.#scheduleTurnEnd();
    return inline();
  }

  /**
   * Runs an operation on the pool, whatever else there is to do.
   *
   * @param start starts it
   * @returns a promise of its result, rejected with what it throws or calls back with
   */
  runOnPool<T>(start: PoolStart<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#pending++;
      try {
        start((error, result) => this.#finish(error ? () => reject(error) : () => resolve(result)));
      } catch (error) {
        this.#finish(() => reject(error));
      }
    });
  }

  #runNextTurn<T>(inline: () => T): Promise<T> {
    this.#pending++;
    return new Promise((resolve, reject) => {
      this.#proceedLater(() => {
        this.#pending--;
        this.#inlineLeft--;
        try {
          resolve(inline());
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  #finish(settle: () => void): void {
    this.#pending--;
    if (this.#resultsLeft > 0 && this.#forNextTurn.length === 0) this.#release(settle);
    else this.#proceedLater(settle);
  }

  #proceedLater(proceed: () => void): void {
    this.#forNextTurn.push(proceed);
    this.#scheduleTurnEnd();
  }

  #release(proceed: () => void): void {
    this.#resultsLeft--;
    proceed();
    this.#scheduleTurnEnd();
  }

  #scheduleTurnEnd(): void {
    if (this.#turnEndsScheduled) return;
    this.#turnEndsScheduled = true;
    setImmediate(this.#endTurn);
  }
}

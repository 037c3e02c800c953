// About a millisecond of P-256 work, so that a loop over one caller's requests lets timers run.
const INLINE_PER_TURN = 32;
const RESULTS_PER_TURN = 16;

/**
 * Decides whether a piece of cryptography runs at once or on the thread pool.
 *
 * A lone caller, who awaits each result before asking for the next, is served inline: the pool would cost more than the
 * work. Once a queue forms, everything goes to the pool until it has drained, and the cores share it. Results come
 * back in small groups, one group a turn of the event loop, so that a long queue does not hold up the rest.
 *
 * A queue is seen for what it is by microtask order: the continuation of a lone caller runs behind the mark that its
 * call left, and a second caller of the same round runs before it.
 */
export class WorkSplitter {
  #marked = false;
  #inlineLeft = INLINE_PER_TURN;
  #resultsLeft = RESULTS_PER_TURN;
  #turnEndsScheduled = false;
  #pending = 0;
  readonly #waiting: (() => void)[] = [];
  readonly #clearMark = (): void => {
    this.#marked = false;
  };
  readonly #endTurn = (): void => {
    this.#turnEndsScheduled = false;
    this.#inlineLeft = INLINE_PER_TURN;
    this.#resultsLeft = RESULTS_PER_TURN;
    for (const settle of this.#waiting.splice(0, RESULTS_PER_TURN)) this.#release(settle);
  };

  /**
   * Asks whether the next operation may run inline, and counts it if so.
   *
   * @returns false when it belongs on the pool
   */
  mayRunInline(): boolean {
    if (this.#marked || this.#pending > 0 || this.#inlineLeft === 0) return false;
    this.#marked = true;
    queueMicrotask(this.#clearMark);
    this.#inlineLeft--;
    this.#scheduleTurnEnd();
    return true;
  }

  /**
   * Runs an operation on the pool.
   *
   * @param start starts it and hands it a callback in the manner of Node
   * @returns its result, or a rejection with the error that it called back with
   */
  onPool<T>(start: (done: (error: Error | null, result: T) => void) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#pending++;
      try {
        start((error, result) => {
          this.#pending--;
          this.#settle(error ? () => reject(error) : () => resolve(result));
        });
      } catch (error) {
        this.#pending--;
        reject(error);
      }
    });
  }

  #settle(settle: () => void): void {
    if (this.#resultsLeft > 0 && this.#waiting.length === 0) this.#release(settle);
    else this.#waiting.push(settle);
    this.#scheduleTurnEnd();
  }

  #release(settle: () => void): void {
    this.#resultsLeft--;
    settle();
    if (this.#waiting.length > 0) this.#scheduleTurnEnd();
  }

  #scheduleTurnEnd(): void {
    if (this.#turnEndsScheduled) return;
    this.#turnEndsScheduled = true;
    setImmediate(this.#endTurn);
  }
}

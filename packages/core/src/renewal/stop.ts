/**
 * Whether something is to end, and who is told of it. A scheduler makes two of them for each look at a queue, which mostly finds nothing to do: an
 * AbortSignal costs more than such a look.
 */
export class Stop {
  #listeners: Set<() => void> | undefined;
  #isCalled = false;
  #reason: unknown;

  get isCalled(): boolean {
    return this.#isCalled;
  }

  /** What was given to `call`. */
  get reason(): unknown {
    return this.#reason;
  }

  /** Tells everybody, the first time. */
  call(reason?: unknown): void {
    if (this.#isCalled) return;
    this.#isCalled = true;
    this.#reason = reason;
    const listeners = [...(this.#listeners ?? [])];
    this.#listeners = undefined;
    for (const listener of listeners) listener();
  }

  /**
   * Tells a listener, once, if it is called from now on.
   *
   * @returns what ends that
   */
  onCall(listener: () => void): () => void {
    // An entry of its own, so that one function may listen twice.
    const entry = (): void => listener();
    this.#listeners ??= new Set();
    this.#listeners.add(entry);
    return () => {
      this.#listeners?.delete(entry);
    };
  }
}

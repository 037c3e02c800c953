/**
 * What was found out about a bounded number of things; when it is full, it starts afresh. Unlike a `WeakMap` it costs the
 * garbage collector nothing, which matters where things come and go by the thousand.
 */
export class Memo<Key, Value> {
  readonly #most: number;
  /** Made for the first thing to remember: many a memo dies without one. */
  #values: Map<Key, Value> | undefined;

  /** @param most how many to remember */
  constructor(most: number) {
    this.#most = most;
  }

  /** What is known; undefined when nothing is. */
  get(key: Key): Value | undefined {
    return this.#values?.get(key);
  }

  /** Remembers. */
  set(key: Key, value: Value): void {
    this.#values ??= new Map();
    if (this.#values.size >= this.#most) this.#values.clear();
    this.#values.set(key, value);
  }
}

/** A map that forgets what was used longest ago once it holds more than its limit. */
export class LruMap<Key, Value> {
  readonly #limit: number;
  readonly #entries = new Map<Key, Value>();

  /** @param limit how many entries it holds, 1 or more */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The value, which counts as used. */
  get(key: Key): Value | undefined {
    const value = this.#entries.get(key);
    if (value !== undefined) {
      this.#entries.delete(key);
      this.#entries.set(key, value);
    }
    return value;
  }

  /** The value, without counting as used. */
  peek(key: Key): Value | undefined {
    return this.#entries.get(key);
  }

  /** Puts a value in, as the one used last. @returns whether one had to go for it */
  set(key: Key, value: Value): boolean {
    const isReplaced = this.#entries.has(key);
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#limit) return isReplaced;
    const [oldest] = this.#entries.keys();
    this.#entries.delete(oldest as Key);
    return true;
  }

  /** @returns whether it was there */
  delete(key: Key): boolean {
    return this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }

  /** From the one used longest ago to the one used last. */
  values(): IterableIterator<Value> {
    return this.#entries.values();
  }
}

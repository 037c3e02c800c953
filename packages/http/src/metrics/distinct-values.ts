const LONGEST = 64;

/**
 * Bounds the values of one label: the first that come keep their names, and the others share one. A label is as dear as it has values, and
 * some of these come from configuration or from events that a host writes.
 */
export class DistinctValues {
  readonly #limit: number;
  readonly #known = new Set<string>();

  /** @param limit - how many values have names of their own */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The value for the label: itself, or `other`. */
  of(value: string): string {
    if (this.#known.has(value)) return value;
    if (this.#known.size >= this.#limit || value.length > LONGEST) return 'other';
    this.#known.add(value);
    return value;
  }
}

/** Lets so many at once through; the others wait in line. */
export class Gate {
  #free: number;
  readonly #line: (() => void)[] = [];

  /** @param width how many at once, 1 or more */
  constructor(width: number) {
    this.#free = width;
  }

  /** Does the work once it is its turn. */
  async pass<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#line.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#line.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}

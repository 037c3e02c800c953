/** Hands a slot back. */
export type Release = () => void;

interface Waiting {
  readonly queue: string;
  readonly grant: (release: Release) => void;
}

/**
 * How many renewals run at once. A queue takes what is free, but leaves a slot to each of the others that hold none, up to half of all:
 * an issuer that hangs does not hang the others.
 */
export class Slots {
  readonly #size: number;
  readonly #held = new Map<string, number>();
  #waiting: Waiting[] = [];
  #used = 0;

  /**
   * @param size how many slots there are, at least 1
   * @param queues everybody who may ask
   */
  constructor(size: number, queues: readonly string[]) {
    this.#size = size;
    for (const queue of queues) this.#held.set(queue, 0);
  }

  /** Waits for a slot. @returns what hands it back */
  async acquire(queue: string): Promise<Release> {
    // Whoever waits could not be served by what is free.
    if (this.#isFreeFor(queue)) return this.#take(queue);
    return new Promise((grant) => {
      this.#waiting.push({ queue, grant });
    });
  }

  #serve(): void {
    if (this.#waiting.length === 0) return;
    for (const waiting of [...this.#waiting].sort((a, b) => this.#heldBy(a.queue) - this.#heldBy(b.queue))) {
      if (!this.#isFreeFor(waiting.queue)) continue;
      this.#waiting = this.#waiting.filter((other) => other !== waiting);
      waiting.grant(this.#take(waiting.queue));
    }
  }

  #isFreeFor(queue: string): boolean {
    const free = this.#size - this.#used;
    if (this.#heldBy(queue) === 0) return free > 0;
    let idle = 0;
    for (const [other, held] of this.#held) if (other !== queue && held === 0) idle += 1;
    return free > Math.min(idle, Math.floor(this.#size / 2));
  }

  #take(queue: string): Release {
    this.#add(queue, 1);
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.#add(queue, -1);
      this.#serve();
    };
  }

  #add(queue: string, change: number): void {
    this.#used += change;
    this.#held.set(queue, this.#heldBy(queue) + change);
  }

  #heldBy(queue: string): number {
    return this.#held.get(queue) ?? 0;
  }
}

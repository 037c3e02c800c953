import type { EventLog, LogEntry, Logger, Timer } from '@chancery/core';

const KEPT = 1_000;
const PAGE = 500;

/** What an `EventTail` works with. */
export interface EventTailOptions {
  readonly events: EventLog;
  readonly timer: Timer;
  /** How often the log is looked at while somebody follows it, in milliseconds. */
  readonly pollMs: number;
  readonly logger: Logger | undefined;
}

/**
 * The end of the log, read once for all who follow it in this process: by a timer, and at once where this process is the one that chains. Who falls
 * behind what is kept reads for themselves.
 */
export class EventTail {
  readonly #options: EventTailOptions;
  readonly #waiting = new Set<() => void>();
  #kept: LogEntry[] = [];
  /** The sequence number behind the last entry that was seen; undefined while nobody follows. */
  #next: number | undefined;
  #starting: Promise<number> | undefined;
  #followers = 0;
  #stopPolling: (() => void) | undefined;
  #stopListening: (() => void) | undefined;
  #isReading = false;

  constructor(options: EventTailOptions) {
    this.#options = options;
  }

  /** How many follow the log. */
  get followers(): number {
    return this.#followers;
  }

  /**
   * Begins to follow.
   *
   * @returns the sequence number of the next entry that will be logged; and a function that ends it
   * @throws {StorageError} any of its codes
   */
  async follow(): Promise<{ readonly next: number; readonly leave: () => void }> {
    this.#followers += 1;
    let hasLeft = false;
    const leave = () => {
      if (hasLeft) return;
      hasLeft = true;
      this.#followers -= 1;
      if (this.#followers === 0) this.#stop();
    };
    try {
      this.#starting ??= this.#start();
      const next = await this.#starting;
      return { next: this.#next ?? next, leave };
    } catch (error) {
      this.#starting = undefined;
      leave();
      throw error;
    }
  }

  /**
   * The entries from a sequence number on, as far as there are any; at most a page.
   *
   * @throws {StorageError} any of its codes
   */
  async read(from: number): Promise<readonly LogEntry[]> {
    const first = this.#kept[0]?.sequence;
    if (first !== undefined && from >= first) return this.#kept.slice(from - first, from - first + PAGE);
    if (this.#next !== undefined && from >= this.#next) return [];
    return (await this.#options.events.list({ from, limit: PAGE })).items;
  }

  /** Resolves when there may be an entry of this sequence number, or after a while. */
  wait(from: number, ms: number, signal: AbortSignal): Promise<void> {
    // It may have come since the reading that did not give it.
    if (signal.aborted || (this.#next !== undefined && this.#next > from)) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        this.#waiting.delete(done);
        cancel();
        signal.removeEventListener('abort', done);
        resolve();
      };
      const cancel = this.#options.timer(ms, done);
      this.#waiting.add(done);
      signal.addEventListener('abort', done, { once: true });
    });
  }

  async #start(): Promise<number> {
    const { events } = this.#options;
    const next = await events.size();
    this.#next = next;
    this.#stopListening = events.on('*', () => this.#readOn());
    this.#poll();
    return next;
  }

  #stop(): void {
    this.#stopPolling?.();
    this.#stopListening?.();
    this.#stopPolling = undefined;
    this.#stopListening = undefined;
    this.#starting = undefined;
    this.#next = undefined;
    this.#kept = [];
  }

  #poll(): void {
    this.#stopPolling = this.#options.timer(this.#options.pollMs, () => {
      this.#readOn();
      if (this.#next !== undefined) this.#poll();
    });
  }

  #readOn(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    void this.#readPages().finally(() => {
      this.#isReading = false;
    });
  }

  async #readPages(): Promise<void> {
    const { events, logger } = this.#options;
    try {
      while (true) {
        const from = this.#next;
        if (from === undefined) return;
        const { items } = await events.list({ from, limit: PAGE });
        const last = items.at(-1);
        // Somebody else may have begun anew meanwhile.
        if (last === undefined || this.#next !== from) return;
        this.#kept = [...this.#kept, ...items].slice(-KEPT);
        this.#next = last.sequence + 1;
        for (const wake of [...this.#waiting]) wake();
      }
    } catch (error) {
      // The next look tries again.
      logger?.warn('The event log could not be read for those who follow it', { error });
    }
  }
}

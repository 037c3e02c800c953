import type { EventLog } from '@chancery/core';

const PAGE = 1_000;

/** Finds the end of the log, and what was logged since the last time: whoever is shown an event is also shown what it changed. */
export class LogEnd {
  readonly #events: EventLog;
  #size = 0;

  constructor(events: EventLog) {
    this.#events = events;
  }

  /** How many entries there were when it was last read. */
  get size(): number {
    return this.#size;
  }

  /** Reads on to the end. @returns the certificates that something was logged of, each once */
  async advance(): Promise<ReadonlySet<string>> {
    const changed = new Set<string>();
    while (true) {
      const { items } = await this.#events.list({ from: this.#size, limit: PAGE });
      for (const { event } of items) if (event.source === '/certificates') changed.add(event.subject);
      const last = items.at(-1);
      if (last === undefined) return changed;
      this.#size = last.sequence + 1;
    }
  }
}

import type { MemoryCollection } from './memory-collection.ts';
import { ThrottleMeters } from './throttle-meters.ts';
import { Watchers } from './watchers.ts';

/** Everything that the instances on one namespace share. */
export class MemoryNamespace {
  readonly collections = new Map<string, MemoryCollection>();
  readonly meters = new ThrottleMeters();
  readonly watchers = new Watchers();
  #claims = 0;

  /** A version for a claimed document: never given twice in the life of this memory. */
  readonly freshVersion = (): string => {
    this.#claims += 1;
    return `claim-${this.#claims}`;
  };

  /** Removes expired documents of all collections, and looks after the throttle meters. */
  sweep(limit: number, now: number): { removed: number; more: boolean } {
    let removed = 0;
    let more = false;
    for (const collection of this.collections.values()) {
      // One beyond the limit tells whether more are left.
      const ids = collection.expired(now, limit - removed + 1);
      more ||= ids.length > limit - removed;
      for (const id of ids.slice(0, limit - removed)) {
        collection.remove(id);
        removed += 1;
      }
    }
    this.meters.dropEmpty(limit, now);
    return { removed, more };
  }
}

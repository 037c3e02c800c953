import type { WatchListener } from '@chancery/core/ports';

/** Who wants to know of changes, by collection. Notices leave after the commit, and no listener can disturb it or another. */
export class Watchers {
  readonly #listeners = new Map<string, Set<{ readonly listener: WatchListener }>>();

  /** Subscribes; the same listener may subscribe twice. Returns what ends the subscription. */
  add(collection: string, listener: WatchListener): () => void {
    const subscription = { listener };
    const listeners = this.#listeners.get(collection) ?? new Set();
    this.#listeners.set(collection, listeners.add(subscription));
    return () => {
      listeners.delete(subscription);
      if (listeners.size === 0 && this.#listeners.get(collection) === listeners) this.#listeners.delete(collection);
    };
  }

  /** Tells the listeners once the work at hand is done. */
  notify(collection: string, ids: readonly string[]): void {
    const listeners = this.#listeners.get(collection);
    if (listeners === undefined) return;
    for (const subscription of listeners) {
      queueMicrotask(() => {
        if (listeners.has(subscription)) tell(subscription.listener, [...ids]);
      });
    }
  }
}

function tell(listener: (ids: readonly string[]) => unknown, ids: readonly string[]): void {
  try {
    const answer = listener(ids);
    // An async listener is let go as quietly as one that throws.
    if (answer instanceof Promise) answer.catch(() => undefined);
  } catch {
    // The contract: what a listener throws is dropped.
  }
}

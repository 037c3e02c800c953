import type { WatchListener } from '@chancery/core/ports';
import type { SqlDriver, Subscription } from './driver.ts';

/** More ids than this, and listeners read everything again. */
const MAX_IDS = 30;
/** The server takes payloads below 8,000 bytes. */
const MAX_PAYLOAD = 7900;

interface Notice {
  readonly collection: string;
  readonly ids?: readonly string[];
}

/** Who of this instance wants to know of changes, over one subscription to the notices of all instances. */
export class Watchers {
  readonly #driver: SqlDriver;
  readonly #channel: string;
  readonly #listeners = new Map<string, Set<{ readonly listener: WatchListener }>>();
  readonly #gathered = new Map<string, string[]>();
  #sending: Promise<void> | undefined;
  #subscription: Promise<Subscription> | undefined;

  constructor(driver: SqlDriver, channel: string) {
    this.#driver = driver;
    this.#channel = channel;
  }

  /** Subscribes; the same listener may subscribe twice. */
  async add(collection: string, listener: WatchListener): Promise<() => Promise<void>> {
    await this.#listen();
    const entry = { listener };
    const listeners = this.#listeners.get(collection) ?? new Set();
    this.#listeners.set(collection, listeners.add(entry));
    return async () => {
      listeners.delete(entry);
    };
  }

  /**
   * Tells every instance. It begins at once and is waited for only by `close`; a notice that fails is lost. While one is under
   * way, what comes is gathered into the next, so that notices take one connection at the most.
   */
  notify(collection: string, ids: readonly string[]): void {
    const gathered = this.#gathered.get(collection);
    if (gathered === undefined) this.#gathered.set(collection, ids.slice(0, MAX_IDS + 1));
    else if (gathered.length <= MAX_IDS) gathered.push(...ids.slice(0, MAX_IDS + 1));
    this.#sending ??= this.#send();
  }

  async close(): Promise<void> {
    this.#listeners.clear();
    await this.#sending;
    const subscription = await this.#subscription?.catch(ignore);
    this.#subscription = undefined;
    await subscription?.end();
  }

  async #send(): Promise<void> {
    while (this.#gathered.size > 0) {
      const notices = [...this.#gathered];
      this.#gathered.clear();
      for (const [collection, ids] of notices) {
        const values = [this.#channel, payloadOf(collection, ids)];
        const text = 'SELECT pg_notify($1::text, $2::text)';
        await this.#driver.run({ text, values, prepare: true }).catch(ignore);
      }
    }
    this.#sending = undefined;
  }

  async #listen(): Promise<void> {
    this.#subscription ??= this.#driver.listen(this.#channel, this.#hear, this.#tellAll);
    try {
      await this.#subscription;
    } catch (error) {
      this.#subscription = undefined;
      throw error;
    }
  }

  readonly #hear = (payload: string): void => {
    const notice = parseNotice(payload);
    if (notice === undefined) this.#tellAll();
    else this.#tell(notice.collection, notice.ids);
  };

  readonly #tellAll = (): void => {
    for (const collection of this.#listeners.keys()) this.#tell(collection, undefined);
  };

  #tell(collection: string, ids: readonly string[] | undefined): void {
    for (const { listener } of [...(this.#listeners.get(collection) ?? [])]) {
      try {
        const answer: unknown = (listener as (ids: readonly string[] | undefined) => unknown)(ids && [...ids]);
        // An async listener is let go as quietly as one that throws.
        if (answer instanceof Promise) answer.catch(ignore);
      } catch {
        // The contract: what a listener throws is dropped.
      }
    }
  }
}

function payloadOf(collection: string, ids: readonly string[]): string {
  const whole = JSON.stringify({ collection, ids });
  const fits = ids.length <= MAX_IDS && new TextEncoder().encode(whole).length <= MAX_PAYLOAD;
  return fits ? whole : JSON.stringify({ collection });
}

/** Whoever may connect may send on the channel: what is no notice of ours is a reason to look. */
function parseNotice(payload: string): Notice | undefined {
  try {
    const { collection, ids } = JSON.parse(payload) as Partial<Notice>;
    if (typeof collection !== 'string') return undefined;
    return Array.isArray(ids) ? { collection, ids: ids.map(String) } : { collection };
  } catch {
    return undefined;
  }
}

function ignore(): undefined {
  return undefined;
}

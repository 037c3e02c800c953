import { z } from 'zod';
import { defaultCrypto } from '../crypto/node-provider.ts';
import { uuidv7 } from '../crypto/random-id.ts';
import { ConflictError } from '../errors/families.ts';
import type { Clock } from '../ports/clock.ts';
import type { CryptoProvider } from '../ports/crypto.ts';
import type { JsonObject, StorageBackend, Write } from '../ports/storage.ts';
import { systemClock } from '../ports/system-clock.ts';
import { defineCollection } from '../store/collection.ts';
import { Store } from '../store/store.ts';
import type { CloudEvent, EventFacts } from './cloud-event.ts';

const outboxRecord = z.strictObject({
  type: z.string(),
  source: z.string(),
  subject: z.string(),
  subjectRevision: z.number().int().positive(),
  time: z.number().int(),
  data: z.custom<JsonObject>((value) => typeof value === 'object' && value !== null),
});

/** Events that wait to be sequenced, each written in the commit of the change that it tells of. */
export const outbox = defineCollection({
  name: 'events_outbox',
  freshIds: true,
  schema: outboxRecord,
  recordVersion: 1,
  indexes: { byTime: { orderBy: 'time' } },
});

/** What an `EventLog` works with. */
export interface EventLogOptions {
  readonly storage: StorageBackend;
  readonly clock?: Clock;
  readonly crypto?: CryptoProvider;
}

/**
 * Where managers write their events. Give one to a manager as its `events` option; it must stand on the manager's own
 * storage, since an event is part of the commit of its change: no event without its change, no change without its event.
 */
export class EventLog {
  readonly storage: StorageBackend;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #crypto: CryptoProvider;

  constructor(options: EventLogOptions) {
    this.storage = options.storage;
    this.#clock = options.clock ?? systemClock;
    this.#crypto = options.crypto ?? defaultCrypto;
    this.#store = new Store({
      storage: options.storage,
      crypto: this.#crypto,
      clock: this.#clock,
      collections: [outbox],
    });
  }

  /**
   * Lists the events of the outbox, oldest first.
   *
   * @param options.limit - 1 to 1,000 events a page
   * @param options.cursor - where the last page ended
   * @throws {StorageError} any of its codes: the storage failed
   */
  async pending(options: {
    readonly limit: number;
    readonly cursor?: string;
  }): Promise<{ items: CloudEvent[]; cursor?: string }> {
    const page = await this.#store.query(outbox, { index: 'byTime', ...options });
    const items = page.entries.map(
      ({ id, value }): CloudEvent => ({ specversion: '1.0', id, ...value, time: new Date(value.time) }),
    );
    return page.cursor === undefined ? { items } : { items, cursor: page.cursor };
  }

  /**
   * The write that puts one event into the outbox, for the commit of its change.
   *
   * @internal
   */
  write(facts: EventFacts): Write {
    return this.#store.put(
      outbox,
      uuidv7(this.#clock, this.#crypto),
      { ...facts, time: this.#clock.now() },
      { ifVersion: null },
    );
  }
}

/**
 * Refuses an event log that stands on another storage than its manager.
 *
 * @throws {ConflictError} EVENTS_STORAGE_MISMATCH
 */
export function requireSameStorage(events: EventLog | undefined, storage: StorageBackend): void {
  if (events !== undefined && events.storage !== storage) {
    throw new ConflictError(
      'EVENTS_STORAGE_MISMATCH',
      'The event log stands on another storage than the manager that writes to it',
    );
  }
}

import { nodeCrypto } from '../../../src/crypto/node-provider.ts';
import { uuidv7 } from '../../../src/crypto/random-id.ts';
import type { CloudEvent } from '../../../src/events/cloud-event.ts';
import { deliveryCollections } from '../../../src/events/delivery/collections.ts';
import { Deliveries, type DeliveriesOptions } from '../../../src/events/delivery/deliveries.ts';
import type { DeliveryOptions, DeliveryOutcome, NamedSink } from '../../../src/events/delivery/sink.ts';
import type { LogEntry } from '../../../src/events/log-entry.ts';
import type { LogReader, ReadLogOptions } from '../../../src/events/log-reader.ts';
import type { LogFields, Logger } from '../../../src/ports/logger.ts';
import type { StorageBackend } from '../../../src/ports/storage.ts';
import { Store } from '../../../src/store/store.ts';
import { VirtualClock } from '../../../src/testing/virtual-clock.ts';
import { createTestStorage } from '../../support/test-storage.ts';

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

const crypto = nodeCrypto();

/** A log that tests append to. All instances of a test read the one. */
export class TestLog implements LogReader {
  readonly entries: LogEntry[] = [];
  readonly #clock: VirtualClock;
  readonly #revisions = new Map<string, number>();
  /** What retention has left begins here. */
  first = 0;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  append(subject: string, facts: Partial<CloudEvent> = {}): LogEntry {
    const revision = (this.#revisions.get(subject) ?? 0) + 1;
    this.#revisions.set(subject, revision);
    const event: CloudEvent = {
      specversion: '1.0',
      id: uuidv7(this.#clock, crypto),
      type: 'thing.changed',
      source: '/things',
      subject,
      subjectRevision: revision,
      time: new Date(this.#clock.now()),
      data: { name: subject },
      ...facts,
    };
    const hash = new Uint8Array(32);
    const entry = { sequence: this.entries.length, loggedAt: event.time, event, leafHash: hash, chainHash: hash };
    this.entries.push(entry);
    return entry;
  }

  async size(): Promise<number> {
    return this.entries.length;
  }

  async read({ from, limit, includePersonal = false }: ReadLogOptions): Promise<LogEntry[]> {
    const start = Math.max(from, this.first);
    return this.entries.slice(start, start + limit).map((entry) => {
      const { personal, ...event } = entry.event;
      return includePersonal ? entry : { ...entry, event };
    });
  }
}

/** What a sink was given: the subject and its revision, such as `a1`. */
export const nameOf = ({ subject, subjectRevision }: CloudEvent): string => `${subject}${subjectRevision}`;

/** A sink that remembers what it took. */
export interface TestSink extends NamedSink {
  /** What was delivered, in order. */
  readonly got: string[];
  /** Every attempt, in order. */
  readonly tried: string[];
  readonly ids: Set<string>;
  /** Decides about each attempt; returning nothing delivers. */
  answer: (
    event: CloudEvent,
    options: DeliveryOptions,
  ) => DeliveryOutcome | undefined | void | Promise<DeliveryOutcome | undefined | void>;
}

export function testSink(name = 'sink', options: Partial<NamedSink> = {}): TestSink {
  const sink: TestSink = {
    from: 'beginning',
    ...options,
    name,
    got: [],
    tried: [],
    ids: new Set(),
    answer: () => undefined,
    async deliver(event, given) {
      sink.tried.push(nameOf(event));
      const outcome = (await sink.answer(event, given)) ?? { outcome: 'delivered' };
      if (outcome.outcome === 'delivered') {
        sink.got.push(nameOf(event));
        sink.ids.add(event.id);
      }
      return outcome;
    },
  };
  return sink;
}

/** A logger, and the warnings and errors that it was told. */
export function recordLog(): { readonly logger: Logger; readonly told: [message: string, fields?: LogFields][] } {
  const told: [message: string, fields?: LogFields][] = [];
  const note = (message: string, fields?: LogFields): void => void told.push(fields ? [message, fields] : [message]);
  const ignore = (): void => undefined;
  return { logger: { debug: ignore, info: ignore, warn: note, error: note }, told };
}

export const failed = (more: { readonly retryAfterMs?: number } = {}): DeliveryOutcome => ({
  outcome: 'failed',
  reason: 'answered 500',
  status: 500,
  ...more,
});

export interface Scene {
  readonly clock: VirtualClock;
  readonly storage: StorageBackend;
  readonly log: TestLog;
  /** Another instance, on a storage of its own to the same data. */
  another(): StorageBackend;
  /** What delivers, on the first instance's storage unless another is given. */
  deliveries(
    sinks: readonly NamedSink[],
    options?: Partial<DeliveriesOptions> & { readonly on?: StorageBackend },
  ): Deliveries;
}

export function createScene(): Scene {
  const clock = new VirtualClock();
  const { storage, another } = createTestStorage(clock);
  const log = new TestLog(clock);
  return {
    clock,
    storage,
    log,
    another,
    deliveries(sinks, { on = storage, ...options } = {}) {
      // Whoever finds out what became of a lost answer waits by this, which no test wants to.
      const sleep = async (): Promise<void> => undefined;
      const store = new Store({ storage: on, crypto, clock, collections: [...deliveryCollections], sleep });
      return new Deliveries({ store, reader: log, sinks, clock, crypto, ...options });
    },
  };
}

/** Runs the chores of all sinks until nothing more is due. */
export async function work(deliveries: Deliveries, limit = 1_000): Promise<void> {
  for (const task of deliveries.maintenance()) {
    for (let runs = 0; (await task.run({ limit })).more; runs++) {
      if (runs > 1_000) throw new Error(`${task.name} comes to no end`);
    }
  }
}

/** Lets time pass in steps, and works after each. */
export async function workFor(
  { clock }: Scene,
  deliveries: Deliveries,
  { forMs, stepMs }: { readonly forMs: number; readonly stepMs: number },
): Promise<void> {
  const end = clock.now() + forMs;
  while (clock.now() < end) {
    clock.advance(Math.min(stepMs, end - clock.now()));
    await work(deliveries);
  }
}

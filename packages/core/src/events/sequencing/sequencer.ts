import { StorageError } from '../../errors/storage-error.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import { eventRecords, type LogHeadValue, logHeads } from '../event-collections.ts';
import type { LogContext } from '../log-context.ts';
import type { LogReader } from '../log-reader.ts';
import { setAside } from '../set-aside/set-aside.ts';
import { chainBatch } from './chain-batch.ts';
import { ForkWatch } from './fork-watch.ts';
import type { Listeners } from './listeners.ts';
import { HEAD_ID, HeadLease, LEASE_MS } from './log-head.ts';
import { NextBatch } from './next-batch.ts';

const READ_AGAIN = 250;

/** What a `Sequencer` works with. */
export interface SequencerOptions {
  readonly reader: LogReader;
  readonly listeners: Listeners;
  /** How long a revision waits for its predecessor, in milliseconds. */
  readonly holdBackMs: number;
}

/**
 * Moves events from the outbox into the log. Any number of instances may run one: the lease of the head lets one work at
 * a time.
 */
export class Sequencer {
  readonly #context: LogContext;
  readonly #reader: LogReader;
  readonly #listeners: Listeners;
  readonly #next: NextBatch;
  readonly #forks: ForkWatch;

  constructor(context: LogContext, { reader, listeners, holdBackMs }: SequencerOptions) {
    this.#context = context;
    this.#reader = reader;
    this.#listeners = listeners;
    this.#next = new NextBatch(context, holdBackMs);
    this.#forks = new ForkWatch(context);
  }

  /**
   * Chains what waits. What waits and is no event is set aside, and counts as done.
   *
   * @param options.limit - about how many events; a batch is not split
   * @returns how many were chained, and whether more may be waiting
   * @throws {ChanceryError} ABORTED: between two batches
   * @throws {StorageError} any of its codes; what was chained stays
   */
  async run(options: {
    readonly limit: number;
    readonly signal?: AbortSignal;
  }): Promise<{ done: number; more: boolean }> {
    throwIfAborted(options.signal);
    if (!(await this.#hasWork())) return { done: 0, more: false };
    const lease = await HeadLease.take(this.#context);
    if (lease === undefined) return { done: 0, more: false };
    const { head: leased } = lease;
    const head = await this.#orYield(lease, leased, async () => this.#caughtUp(await this.#forks.judge(leased)));
    return this.#chainAll(lease, head, options);
  }

  async #chainAll(
    lease: HeadLease,
    leased: LogHeadValue,
    { limit, signal }: { readonly limit: number; readonly signal?: AbortSignal },
  ): Promise<{ done: number; more: boolean }> {
    const { clock } = this.#context;
    const startedAt = clock.now();
    let head = leased;
    let done = 0;
    let more = true;
    // Half of the lease, so that it does not run out within a commit.
    while (more && done < limit && !signal?.aborted && clock.now() - startedAt < LEASE_MS / 2) {
      const { events, malformed } = await this.#orYield(lease, head, () => this.#next.choose());
      if (malformed.length > 0) {
        const count = await setAside(this.#context, lease, head, malformed);
        if (count === undefined) return { done, more: true };
        done += count;
        continue;
      }
      if (events.length === 0) {
        more = false;
        break;
      }
      const batch = await chainBatch(this.#context, head, events);
      if (!(await lease.move(batch.head, batch.writes))) return { done, more: true };
      this.#forks.see(batch.head);
      this.#next.chained(batch.events);
      this.#listeners.tell(batch.entries);
      // Goes with the next commit: whoever takes over before that tells of these entries again.
      head = { ...batch.head, told: batch.head.size };
      done += batch.entries.length;
    }
    await lease.release(head);
    this.#forks.see(head);
    throwIfAborted(signal);
    return { done, more };
  }

  /** What this instance cannot read, one of a later version can: it must not wait for the lease to run out. */
  async #orYield<T>(lease: HeadLease, head: LogHeadValue, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof StorageError && error.code === 'STORAGE_SCHEMA_NEWER') await lease.release(head);
      throw error;
    }
  }

  async #hasWork(): Promise<boolean> {
    const { store } = this.#context;
    const [head, waiting] = await Promise.all([
      store.get(logHeads, HEAD_ID),
      store.count(eventRecords, { index: 'pending', upTo: 1 }),
    ]);
    return waiting > 0 || (head !== undefined && head.value.told < head.value.size);
  }

  /** Tells the listeners of entries whose sequencer may have ended before it did. */
  async #caughtUp(head: LogHeadValue): Promise<LogHeadValue> {
    let limit = READ_AGAIN;
    for (let from = head.told; from < head.size; ) {
      const entries = await this.#reader.read({ from, limit }).catch((error: unknown) => {
        if (error instanceof StorageError && error.code === 'STORAGE_CORRUPT') return undefined;
        throw error;
      });
      if (entries === undefined) {
        // One by one, up to the entry that was tampered with: verification tells of it, and the log must not stand still for it.
        if (limit === 1) from += 1;
        limit = limit === 1 ? READ_AGAIN : 1;
        continue;
      }
      const last = entries.at(-1);
      if (last === undefined) break;
      this.#listeners.tell(entries);
      from = last.sequence + 1;
    }
    return { ...head, told: head.size };
  }
}

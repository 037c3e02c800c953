import { fromBase64, toBase64 } from '../../encoding/base64.ts';
import type { Write } from '../../ports/storage.ts';
import type { Entry } from '../../store/entry.ts';
import { EMPTY_CHAIN } from '../chain.ts';
import { type LogHeadValue, logHeads } from '../event-collections.ts';
import type { LogContext } from '../log-context.ts';
import { outboxDocuments } from '../outbox.ts';

/** The id of the one document. */
export const HEAD_ID = 'log';

/** How long a lease holds that is not given back, in milliseconds. */
export const LEASE_MS = 15_000;

/**
 * The right to move the head of the log, held by one instance at a time.
 *
 * Every commit moves the document's version, which is the fence: who was paused beyond the lease, and finds the head taken by
 * another, loses its commit.
 */
export class HeadLease {
  readonly #context: LogContext;
  #entry: Entry<LogHeadValue>;

  private constructor(context: LogContext, entry: Entry<LogHeadValue>) {
    this.#context = context;
    this.#entry = entry;
  }

  /**
   * Takes the lease. The head is made where there is none.
   *
   * @returns `undefined` while another instance holds it
   * @throws {StorageError} any of its codes
   */
  static async take(context: LogContext): Promise<HeadLease | undefined> {
    const { store } = context;
    const request = { limit: 1, leaseMs: LEASE_MS };
    const [claimed] = await store.claim(logHeads, request);
    if (claimed) return new HeadLease(context, claimed);
    if (await store.get(logHeads, HEAD_ID)) return undefined;
    // A conflict is another instance's head: then the claim decides.
    await store.commit([store.put(logHeads, HEAD_ID, await firstHead(context), { ifVersion: null, dueAt: 0 })]);
    const [created] = await store.claim(logHeads, request);
    return created && new HeadLease(context, created);
  }

  get head(): LogHeadValue {
    return this.#entry.value;
  }

  /**
   * Moves the head, in one commit with what that takes along. The lease stays and is not prolonged.
   *
   * @param writes - at most 254
   * @returns false: the lease is lost, or one of the writes met a conflict; nothing was written
   * @throws {StorageError} any of its codes
   */
  move(head: LogHeadValue, writes: readonly Write[]): Promise<boolean> {
    // As the claim has set it, by the clock of the storage.
    return this.#commit(head, writes, this.#entry.dueAt ?? 0);
  }

  /**
   * Gives the lease back. If it was lost meanwhile, nothing happens.
   *
   * @throws {StorageError} any of its codes; then the lease runs out by itself
   */
  async release(head: LogHeadValue = this.head): Promise<void> {
    await this.#commit(head, [], 0);
  }

  async #commit(head: LogHeadValue, writes: readonly Write[], dueAt: number): Promise<boolean> {
    const { store } = this.#context;
    const put = store.put(logHeads, HEAD_ID, head, { ifVersion: this.#entry.version, dueAt });
    const { committed } = await store.commit([put, ...writes]);
    if (committed) this.#entry = { ...this.#entry, version: put.version, value: head, dueAt };
    return committed;
  }
}

// Entries without a head are a head that was removed: the log goes on behind them.
async function firstHead({ store, logger }: LogContext): Promise<LogHeadValue> {
  const empty = toBase64(EMPTY_CHAIN);
  const none = { size: 0, chainHash: empty, told: 0, first: 0, firstChainHash: empty, forks: [] };
  const query = { index: 'bySequence', direction: 'descending', from: 0, limit: 1 } as const;
  // One that was tampered with is for verification to tell of, and must not keep the log from going on.
  const { entries } = await store.query(outboxDocuments, query);
  const [last] = entries.map(({ value }) => ('record' in value ? value.record : value.malformed.data));
  if (last === undefined) return none;
  const sequence = last.sequence as number;
  logger?.error('The head of the event log is gone, and is made anew from the last entry', { sequence });
  const size = sequence + 1;
  return { ...none, size, told: size, chainHash: isHash(last.chainHash) ? last.chainHash : empty };
}

function isHash(stored: unknown): stored is string {
  try {
    return typeof stored === 'string' && fromBase64(stored).length === EMPTY_CHAIN.length;
  } catch {
    return false;
  }
}

import type { Write } from '../../ports/storage.ts';
import type { Entry } from '../../store/entry.ts';
import { sinkCursors } from './collections.ts';
import type { DeliveryContext } from './context.ts';

/** How far a sink has come: the value of its document. */
export type SinkCursor = Parameters<typeof sinkCursors.encode>[1];

/** What says that nobody holds the lease: due since ever, whatever the clocks of the instances and of the storage say. */
export const CLAIMABLE = 0;

/**
 * The right to work for a sink, held by one instance at a time. The version of the sink's document is the fence: once another instance has
 * taken over, nothing that this one commits takes effect.
 */
export class SinkLease {
  readonly #context: DeliveryContext;
  readonly #leaseMs: number;
  /** How far the clock of the storage, which counts when another claims, is ahead of this instance's. */
  readonly #aheadMs: number;
  #entry: Entry<SinkCursor>;
  #until: number;
  #lost = false;
  #renewing: Promise<boolean> | undefined;

  private constructor(context: DeliveryContext, entry: Entry<SinkCursor>, until: number, leaseMs: number) {
    this.#context = context;
    this.#entry = entry;
    this.#until = until;
    this.#leaseMs = leaseMs;
    this.#aheadMs = (entry.dueAt ?? until) - until;
  }

  /**
   * Takes the lease, if nobody holds it.
   *
   * @param attemptMs how long one attempt of the sink may take: the lease outlasts two of them
   */
  static async claim(context: DeliveryContext, sink: string, attemptMs: number): Promise<SinkLease | undefined> {
    const leaseMs = Math.max(context.leaseMs, 2 * attemptMs);
    const until = context.clock.now() + leaseMs;
    const [entry] = await context.store.claim(sinkCursors, { queue: sink, limit: 1, leaseMs });
    return entry && new SinkLease(context, entry, until, leaseMs);
  }

  /** The sink's document as this instance left it last. */
  get cursor(): SinkCursor {
    return this.#entry.value;
  }

  /**
   * Makes sure that the lease lasts for a while longer, and renews it if it does not.
   *
   * @param forMs milliseconds
   * @returns false once it is lost
   */
  async hold(forMs: number): Promise<boolean> {
    if (this.#context.clock.now() + forMs > this.#until) {
      this.#renewing ??= this.commit(this.cursor, []).finally(() => {
        this.#renewing = undefined;
      });
      await this.#renewing;
    }
    return !this.#lost;
  }

  /**
   * Commits what was done, under the lease.
   *
   * @param cursor the sink's document as it is to be
   * @param writes what goes along, at most 250
   * @param options.release lets go of the lease in the same commit; else it is renewed
   * @returns false when the lease was lost, and nothing is written
   */
  async commit(
    cursor: SinkCursor,
    writes: readonly Write[],
    { release = false }: { readonly release?: boolean } = {},
  ): Promise<boolean> {
    if (this.#lost) return false;
    const { store, clock } = this.#context;
    const { id, version } = this.#entry;
    const until = clock.now() + this.#leaseMs;
    const dueAt = release ? CLAIMABLE : Math.max(CLAIMABLE, until + this.#aheadMs);
    const put = store.put(sinkCursors, id, cursor, { ifVersion: version, dueAt, dueQueue: id });
    const { committed } = await store.commit([put, ...writes]);
    if (committed) {
      this.#entry = { id, version: put.version, value: cursor };
      this.#until = until;
    }
    this.#lost = release || !committed;
    return committed;
  }
}

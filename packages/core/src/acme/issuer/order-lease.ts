import { fromUtf8 } from '../../encoding/bytes.ts';
import { ConflictError } from '../../errors/families.ts';
import { quote } from '../../errors/quote.ts';
import type { Entry } from '../../store/entry.ts';
import type { CheckedRequest } from './checked-request.ts';
import { acmeOrders } from './collections.ts';
import type { IssuerContext } from './issuer-context.ts';

/** What is kept of one request: the value of its document. */
export type StoredOrder = Parameters<typeof acmeOrders.encode>[1];

/** Due since ever, whatever the clocks of the instances and of the storage say: nobody holds the lease. */
const CLAIMABLE = 0;
/** An order that nobody asks for any more. Servers forget theirs within a week. */
const OPEN_MS = 30 * 86_400_000;

/** What a request meets. */
export type OrderTurn =
  | {
      readonly kind: 'mine';
      readonly lease: OrderLease /** Whether nothing can have been ordered before. */;
      readonly isFirst: boolean;
    }
  | { readonly kind: 'busy' }
  | { readonly kind: 'issued'; readonly chainPem: string };

/** The lease was lost: another instance works on the order, and what this one does comes to nothing. */
export class OrderLeaseLost extends Error {}

/**
 * The right to work on one request's order, held by one instance at a time. The version of the order's document is the fence.
 */
export class OrderLease {
  readonly #context: IssuerContext;
  /** How far the clock of the storage, which counts when another claims, is ahead of this instance's. */
  readonly #aheadMs: number;
  #entry: Entry<StoredOrder>;
  #until: number;
  #isOver = false;

  private constructor(context: IssuerContext, entry: Entry<StoredOrder>, until: number) {
    this.#context = context;
    this.#entry = entry;
    this.#until = until;
    this.#aheadMs = (entry.dueAt ?? until) - until;
  }

  /**
   * Takes the turn of a request, whose document is made where there is none.
   *
   * @throws {ConflictError} REQUEST_ID_REUSED: the id was used for another key, other names or another profile
   */
  static async take(context: IssuerContext, request: CheckedRequest): Promise<OrderTurn> {
    const { store, clock, leaseMs, account } = context;
    const owner = await account.id();
    const id = `${owner}/${request.requestId}`;
    let present = await store.get(acmeOrders, id);
    let isFirst = false;
    if (present === undefined) {
      const now = clock.now();
      const value: StoredOrder = { account: owner, requestDigest: request.digest, state: 'placing', createdAt: now };
      const timing = { dueAt: CLAIMABLE, dueQueue: id, expiresAt: now + OPEN_MS };
      isFirst = (await store.commit([store.put(acmeOrders, id, value, { ...timing, ifVersion: null })])).committed;
      present = await store.get(acmeOrders, id);
    }
    if (present !== undefined && present.value.requestDigest !== request.digest) throw reused(request.requestId);
    if (present?.value.state === 'issued') return { kind: 'issued', chainPem: chainOf(present) };
    const until = clock.now() + leaseMs;
    const [claimed] = await store.claim(acmeOrders, { queue: id, limit: 1, leaseMs });
    if (claimed === undefined) return { kind: 'busy' };
    return { kind: 'mine', lease: new OrderLease(context, claimed, until), isFirst };
  }

  /** The id of the order's document. */
  get id(): string {
    return this.#entry.id;
  }

  /** The order's document as this instance left it last. */
  get value(): StoredOrder {
    return this.#entry.value;
  }

  /** Whether it was given back, finished or lost. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /**
   * Makes sure that the lease outlasts the next exchange, and renews it if it does not.
   *
   * @throws {OrderLeaseLost}
   */
  async hold(): Promise<void> {
    const { clock, leaseMs } = this.#context;
    if (this.#isOver) throw new OrderLeaseLost();
    if (clock.now() + leaseMs / 2 > this.#until) await this.save(this.value);
  }

  /**
   * Commits how far the order has come, and renews the lease.
   *
   * @returns false where the order belongs to another request
   * @throws {OrderLeaseLost}
   */
  async save(value: StoredOrder): Promise<boolean> {
    const until = this.#context.clock.now() + this.#context.leaseMs;
    return this.#put(value, { dueAt: Math.max(CLAIMABLE, until + this.#aheadMs), until });
  }

  /** Lets another go on with it. A lease that cannot be given back ends by itself. */
  async release(): Promise<void> {
    if (this.#isOver) return;
    try {
      await this.#put(this.value, { dueAt: CLAIMABLE, until: 0 });
    } catch (error) {
      if (!(error instanceof OrderLeaseLost))
        this.#context.logger?.warn('The lease of an ACME order was not given back', { order: this.id });
    }
    this.#isOver = true;
  }

  /**
   * Ends the request: there is nothing to resume.
   *
   * @returns false where the lease was lost, and another instance works on the order
   */
  async drop(): Promise<boolean> {
    const { store } = this.#context;
    const { committed } = await store.commit([store.delete(acmeOrders, this.id, { ifVersion: this.#entry.version })]);
    this.#isOver = true;
    return committed;
  }

  /** Keeps the chain for whoever asks again, until the certificate ends. */
  async finish(value: StoredOrder, bytes: Uint8Array, expiresAt: number): Promise<void> {
    const { store } = this.#context;
    const put = store.put(acmeOrders, this.id, value, { ifVersion: this.#entry.version, bytes, expiresAt });
    const { committed } = await store.commit([put]);
    this.#isOver = true;
    if (!committed) throw new OrderLeaseLost();
  }

  async #put(value: StoredOrder, { dueAt, until }: { dueAt: number; until: number }): Promise<boolean> {
    const { store, clock } = this.#context;
    const timing = { dueAt, dueQueue: this.id, expiresAt: clock.now() + OPEN_MS };
    const put = store.put(acmeOrders, this.id, value, { ...timing, ifVersion: this.#entry.version });
    const result = await store.commit([put]);
    if (!result.committed && result.conflict.reason === 'unique') return false;
    if (!result.committed) {
      this.#isOver = true;
      throw new OrderLeaseLost();
    }
    this.#entry = { id: this.id, version: put.version, value };
    this.#until = until;
    return true;
  }
}

function chainOf({ bytes = new Uint8Array() }: Entry<StoredOrder>): string {
  return fromUtf8(bytes);
}

function reused(requestId: string): ConflictError {
  const message = `Request id ${quote(requestId)} was used for another request`;
  return new ConflictError('REQUEST_ID_REUSED', message, { facts: { requestId } });
}

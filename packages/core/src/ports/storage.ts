/**
 * The storage contract: everything that the SDK asks of a database.
 *
 * Documents live in declared collections, carry a version, and change only through one atomic, conditional `commit`.
 * The words MUST and MUST NOT are checked by the conformance kit (`storageConformance` of `@chancery/core/testing`).
 *
 * What holds for every method:
 * - Absence is `undefined`. Failure always rejects with a `StorageError`, so that a backend that cannot be reached never
 *   looks like one that is empty. After `close`, every call rejects with `STORAGE_CLOSED`.
 * - Time is the database server's clock, read inside the operation: a host with a wrong clock cannot steal a lease.
 *   An adapter's `clock` option replaces it in tests. Instants are integer milliseconds since the Unix epoch.
 * - A document is absent from the instant `expiresAt` on, for every operation, whether or not it was swept.
 * - Order of ids is the order of their UTF-8 bytes, which is not JavaScript's `<`.
 * - Limits (`STORAGE_LIMITS`) and what counts as a valid value are the same on every backend; past a limit
 *   `STORAGE_TOO_LARGE`, for a malformed value `STORAGE_INVALID`, and nothing is written.
 * - Nothing is silently ignored: what an adapter cannot do, it refuses; a server set up unsafely is `STORAGE_UNSAFE_CONFIG`.
 */

/** A value that survives JSON. Numbers are finite, and `-0` reads back as `0`. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;

/**
 * An object that survives JSON. Keys are data, `__proto__` included; their order is not kept. Strings are well-formed
 * Unicode without NUL, no value is `undefined`, and at most 32 containers lie within one another, the object itself
 * being the first.
 */
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/**
 * A database as the SDK sees it. One instance serves one namespace; any number of instances, in any number of processes,
 * share a namespace and behave as one.
 */
export interface StorageBackend {
  /** `[a-z][a-z0-9_]{0,39}`, an option of the adapter, `chancery` by default. Namespaces never see one another. */
  readonly namespace: string;
  readonly capabilities: StorageCapabilities;

  /**
   * Creates or migrates collections. Idempotent, cumulative over calls, and safe when several instances race.
   *
   * The definitions are stored with a generation for each collection, and every commit and claim checks the generation
   * that its instance opened: when another instance adds an index or a constraint, an older one is refused
   * (`STORAGE_SCHEMA_STALE`) until it opens again, and so cannot write documents that the index would miss. A new index
   * or constraint is back-filled before `open` resolves. Nothing is ever dropped, so that an instance that declares less than
   * is stored keeps the rest up to date too. On failure nothing has changed.
   *
   * @throws {StorageError} STORAGE_INVALID: a malformed definition, one that redefines a stored index or constraint of the
   *   same name, or one that stored documents contradict; STORAGE_SCHEMA_NEWER: the database was laid out by a later
   *   version of the adapter; STORAGE_UNSAFE_CONFIG; STORAGE_UNAVAILABLE; STORAGE_CLOSED
   */
  open(collections: readonly CollectionDefinition[]): Promise<void>;

  /**
   * Reads documents, of any collections, in one snapshot.
   *
   * @param refs - at most 1,000; one may be named twice
   * @returns as many entries as `refs`, in its order; `undefined` where there is no document
   * @throws {StorageError} STORAGE_UNDECLARED, STORAGE_INVALID, STORAGE_TOO_LARGE, STORAGE_UNAVAILABLE, STORAGE_CLOSED
   */
  get(refs: readonly DocumentRef[], options?: ReadOptions): Promise<(StoredDocument | undefined)[]>;

  /**
   * Reads one page of an index. Pages follow one another by key, never by offset: under concurrent writes a document
   * that stays put is seen exactly once; one whose `orderBy` field moves may be seen twice or not at all.
   *
   * @throws {StorageError} STORAGE_UNDECLARED; STORAGE_INVALID: also a cursor of another query; STORAGE_TOO_LARGE;
   *   STORAGE_UNAVAILABLE; STORAGE_CLOSED
   */
  query(query: Query): Promise<Page>;

  /**
   * Counts what `query` would give over all pages, and no further than `upTo`.
   *
   * @throws {StorageError} STORAGE_UNDECLARED, STORAGE_INVALID, STORAGE_TOO_LARGE, STORAGE_UNAVAILABLE, STORAGE_CLOSED
   */
  count(query: CountQuery): Promise<number>;

  /**
   * Writes all or nothing, across collections, linearizably. A condition that fails is a result, not an error, and then
   * nothing was written. Documents and their index entries MUST never disagree, at any crash point.
   *
   * All named documents are locked in (collection, id) order before any condition is judged. Versions are judged before
   * unique constraints, and of several failed conditions the one of the lowest write is reported; of several constraints
   * of one write the first by name. Unique constraints are judged on the state that the commit would leave: two
   * documents may swap values, and the lowest write that would share its values with any other document is at fault.
   *
   * An adapter MUST NOT send again what may have landed; it says `outcome: 'unknown'` instead. The caller chooses
   * `version` at random, so that a commit with a conditional put may be sent again as it is: either it lands now, and a
   * late original fails its condition, or it conflicts with `actual` equal to the caller's own version, so it had landed.
   *
   * @param writes - at most 256 and 4 MiB, each document once; none at all is committed trivially
   * @throws {StorageError} STORAGE_INVALID: also one document twice; STORAGE_TOO_LARGE; STORAGE_UNDECLARED;
   *   STORAGE_SCHEMA_STALE; STORAGE_UNAVAILABLE; STORAGE_CLOSED
   */
  commit(writes: readonly Write[]): Promise<CommitResult>;

  /**
   * Takes documents that are due, each by exactly one claimer, and leases them: in the same step `dueAt` becomes
   * now + `leaseMs` and `version` a fresh one of the adapter's. Earliest due first, ties by id.
   *
   * The documents of a crashed worker come due again by themselves, and a worker that overstayed its lease fails its next
   * `ifVersion`: the version is the fence. Claimers MUST NOT block one another.
   *
   * @returns the documents as they are after the claim, `bytes` included
   * @throws {StorageError} STORAGE_UNDECLARED, STORAGE_INVALID, STORAGE_TOO_LARGE, STORAGE_SCHEMA_STALE,
   *   STORAGE_UNAVAILABLE, STORAGE_CLOSED
   */
  claim(request: ClaimRequest): Promise<StoredDocument[]>;

  /**
   * Charges rate limits by GCRA, all of the list at once and atomically: if one request is refused, none is charged. Of N
   * requests at one instant against an idle key exactly `limit` are allowed.
   *
   * @param requests - at most 100, each (key, limit, periodMs) once
   * @throws {StorageError} STORAGE_INVALID, STORAGE_TOO_LARGE, STORAGE_UNAVAILABLE, STORAGE_CLOSED
   */
  throttle(requests: readonly ThrottleRequest[]): Promise<ThrottleDecision>;

  /**
   * Removes expired documents of the namespace, at most `limit` of them. It frees space and changes no answer.
   *
   * @returns how many documents were removed, and whether expired ones are left
   * @throws {StorageError} STORAGE_INVALID, STORAGE_UNAVAILABLE, STORAGE_CLOSED
   */
  sweep(limit: number): Promise<{ removed: number; more: boolean }>;

  /**
   * Tells of committed puts and deletes in a collection that was declared with `watch`, by any instance. Present exactly if
   * `capabilities.watch`.
   *
   * A notice is a hint that may be lost or repeated, never the truth: the listener reads for itself, and reads again on a
   * timer. It is sent after the commit and cannot fail it; what a listener throws is dropped.
   *
   * @param listener - receives the ids that changed, or `undefined`: read everything again
   * @returns a function that ends the subscription
   * @throws {StorageError} STORAGE_UNDECLARED: the collection was not declared with `watch`; STORAGE_UNAVAILABLE;
   *   STORAGE_CLOSED
   */
  watch?(collection: string, listener: WatchListener): Promise<() => Promise<void>>;

  /**
   * Asks the server whether it answers and takes writes.
   *
   * @returns `latencyMs` is the time that one round trip took
   * @throws {StorageError} STORAGE_UNAVAILABLE, STORAGE_CLOSED
   */
  health(): Promise<StorageHealth>;

  /** Lets go of the database and of every subscription. Closing twice does no harm. Resources of the host's own stay open. */
  close(): Promise<void>;
}

/** What a backend can promise. Nothing is sniffed: it says so itself. */
export interface StorageCapabilities {
  /** `volatile`: gone with the process. `async`: an acknowledged commit can be lost, at failover only. `durable`: it cannot. */
  readonly durability: 'volatile' | 'async' | 'durable';
  readonly watch: boolean;
}

/** What a backend finds when it tries itself. */
export interface StorageHealth {
  readonly writable: boolean;
  readonly latencyMs: number;
}

/** What a collection is called, and what keeps it in order. */
export interface CollectionDefinition {
  /** `[a-z][a-z0-9_]{0,39}` */
  readonly name: string;
  /** Index name (`[a-zA-Z][a-zA-Z0-9_]{0,39}`) to definition; at most 8. */
  readonly indexes?: Readonly<Record<string, IndexDefinition>>;
  /**
   * Constraint name (`[a-zA-Z][a-zA-Z0-9_]{0,39}`) to one to four string fields of `data`; at most 8. No two documents
   * have the same values in all of them. It holds under any concurrency, and values are free again by delete, by expiry
   * and by a put that changes them. A document that lacks one of the fields is not constrained.
   */
  readonly unique?: Readonly<Record<string, readonly string[]>>;
  /** Whether changes are told to `watch`, where the backend can. Default false. */
  readonly watch?: boolean;
}

/**
 * Pins zero to four string fields of `data` and walks one integer field; ties break by id, in UTF-8 order. A btree in
 * PostgreSQL, a sorted set for each combination of pinned values in Redis.
 *
 * Fields are named `[a-zA-Z][a-zA-Z0-9_]{0,62}` and lie at the top of `data`. A document that lacks one of them is not in
 * the index; `null` is a value, not a lack. Of a document that is put, every pinned or unique field that is there MUST be a
 * string of at most 512 bytes, and every walked one a safe integer.
 */
export interface IndexDefinition {
  readonly equals?: readonly string[];
  /** An integer field of `data`, or `$dueAt`. */
  readonly orderBy: string;
}

/** Where a document is. */
export interface DocumentRef {
  readonly collection: string;
  /** 1 to 400 bytes of well-formed Unicode without NUL. */
  readonly id: string;
}

/** How fresh an answer must be. */
export interface ReadOptions {
  /** `strong` (the default) sees every commit that was acknowledged before; replicas and caches serve only the other. */
  readonly consistency?: 'strong' | { readonly maxStaleMs: number };
}

/** A document as it is read. It shares nothing with what the caller wrote or with what others read. */
export interface StoredDocument extends DocumentRef {
  /** Good for equality only. */
  readonly version: string;
  /** Deep-equal to what was put. May be frozen. */
  readonly data: JsonObject;
  /** Byte-exact. Absent unless it was put; a `query` gives it on request only. */
  readonly bytes?: Uint8Array;
  /** From this instant on the document is absent. */
  readonly expiresAt?: number;
  /** From this instant on the document can be claimed. */
  readonly dueAt?: number;
  /** Claimed apart from other queues. Absent for the default queue `''`. */
  readonly dueQueue?: string;
}

/** Writes the whole document: what is left out of it is gone. */
export interface PutWrite extends DocumentRef {
  readonly kind: 'put';
  /** Chosen at random by the caller, 1 to 128 bytes. */
  readonly version: string;
  /** The version that must be there; `null`: the document must be absent; left out: whatever is there. */
  readonly ifVersion?: string | null;
  /** At most 256 KiB as JSON in UTF-8. */
  readonly data: JsonObject;
  /** At most 1 MiB. */
  readonly bytes?: Uint8Array;
  /** Not in the past by necessity: with an instant that has passed, the put leaves the document absent. */
  readonly expiresAt?: number;
  readonly dueAt?: number;
  /** At most 512 bytes. Default `''`. */
  readonly dueQueue?: string;
}

/** Removes a document. Without `ifVersion`, removing what is absent succeeds. */
export interface DeleteWrite extends DocumentRef {
  readonly kind: 'delete';
  readonly ifVersion?: string;
}

/** Asserts that a document is there at a version. Absence is asserted only by a put with `ifVersion: null`. */
export interface CheckWrite extends DocumentRef {
  readonly kind: 'check';
  readonly ifVersion: string;
}

/** One write of a commit. */
export type Write = PutWrite | DeleteWrite | CheckWrite;

/** The condition that failed: `write` is its place in the list. */
export type CommitConflict =
  | { readonly write: number; readonly reason: 'version' /** `null`: absent. */; readonly actual: string | null }
  | { readonly write: number; readonly reason: 'unique'; readonly constraint: string };

/** What became of a commit. A condition that failed is a result, and then nothing was written. */
export type CommitResult =
  | { readonly committed: true }
  | { readonly committed: false; readonly conflict: CommitConflict };

/** A stretch of an index. */
export interface IndexRange extends ReadOptions {
  readonly collection: string;
  readonly index: string;
  /** A value for exactly the fields that the index pins. */
  readonly equals?: Readonly<Record<string, string>>;
  /** `orderBy` from here on, inclusive. */
  readonly from?: number;
  /** `orderBy` up to here, exclusive. */
  readonly to?: number;
}

export interface Query extends IndexRange {
  /** Default `ascending`; `descending` is the exact reverse, ties included. */
  readonly direction?: 'ascending' | 'descending';
  /** Documents on a page, 1 to 1,000. */
  readonly limit: number;
  /** From the page before; it fits the same collection, index, pinned values and direction. */
  readonly cursor?: string;
  /** Whether the documents carry `bytes`. Default false. */
  readonly withBytes?: boolean;
}

export interface CountQuery extends IndexRange {
  /** Where counting ends, at least 1. */
  readonly upTo: number;
}

/** A page ends at `limit` or at 4 MiB, and may be shorter. Only the absence of `cursor` says that it was the last. */
export interface Page {
  readonly documents: StoredDocument[];
  readonly cursor?: string;
}

/** Asks for due documents of one queue, each leased to this caller alone. */
export interface ClaimRequest {
  readonly collection: string;
  /** Default `''`. */
  readonly queue?: string;
  /** 1 to 1,000 documents. */
  readonly limit: number;
  /** Milliseconds, at least 1. */
  readonly leaseMs: number;
}

/** One rate limit. The same key with another limit or period counts apart. */
export interface ThrottleRequest {
  /** 1 to 512 bytes. */
  readonly key: string;
  /** How much an idle key allows at once, and each `periodMs` after. `limit * periodMs` is a safe integer. */
  readonly limit: number;
  readonly periodMs: number;
  /** An integer of at most `limit` in magnitude, 1 by default. Negative refunds, 0 asks. */
  readonly cost?: number;
}

/** The answer to throttle requests, which are charged all or none. */
export interface ThrottleDecision {
  readonly allowed: boolean;
  /** 0 when allowed; otherwise the wait after which the same list would be allowed if nothing else were charged. */
  readonly retryAfterMs: number;
  /** For each request in order: how much could be charged at this instant after the decision. */
  readonly remaining: readonly number[];
}

/** Told the ids that changed; undefined: read everything again. */
export type WatchListener = (ids: readonly string[] | undefined) => void;

import { z } from 'zod';
import { defaultCrypto } from '../crypto/node-provider.ts';
import { ConflictError } from '../errors/families.ts';
import { invalidArgument } from '../errors/from-issues.ts';
import { requireObject } from '../errors/require-object.ts';
import { type Abortable, signalOf } from '../ports/abortable.ts';
import type { MaintenanceTask } from '../ports/maintenance.ts';
import type { StorageBackend, Write } from '../ports/storage.ts';
import { systemClock } from '../ports/system-clock.ts';
import { systemTimer } from '../ports/system-timer.ts';
import { abortSignal } from '../store/abort-signal.ts';
import { throwIfAborted } from '../store/backoff.ts';
import { requireDurability } from '../store/durability.ts';
import { Store } from '../store/store.ts';
import type { Checkpoint } from './checkpoints/checkpoint.ts';
import { CheckpointKey } from './checkpoints/checkpoint-key.ts';
import { Checkpoints } from './checkpoints/checkpoints.ts';
import { verifierKeyText } from './checkpoints/signed-note.ts';
import { ChoreRunner } from './chore-runner.ts';
import type { CloudEvent, EventFacts } from './cloud-event.ts';
import { deliveryCollections } from './delivery/collections.ts';
import { Deliveries } from './delivery/deliveries.ts';
import type { DeliveryControl } from './delivery/delivery-control.ts';
import { namedSinks, sinkFunctions } from './delivery/sink-rules.ts';
import { logCollections } from './event-collections.ts';
import { eventWrite, type PersonalData, personalEventWrites } from './event-writer.ts';
import type { LogContext } from './log-context.ts';
import { eventOf, type LogEntry } from './log-entry.ts';
import { checkLogOptions, type EventLogOptions, LOG_DEFAULTS } from './log-options.ts';
import { type LogStatus, type LogStatusOptions, logStatus } from './log-status.ts';
import { checkpointTask, sequencingTask } from './log-tasks.ts';
import { outboxDocuments } from './outbox.ts';
import { OwnerKeys } from './personal/owner-keys.ts';
import { resealTask } from './reseal.ts';
import { retentionTask } from './retention.ts';
import { type EventListener, Listeners } from './sequencing/listeners.ts';
import { Sequencer } from './sequencing/sequencer.ts';
import {
  discardSetAside,
  type ListSetAsideOptions,
  listSetAside,
  type SetAsideEvent,
} from './set-aside/set-aside-events.ts';
import { type ListEventsOptions, StoredLog } from './stored-log.ts';
import { type LogVerification, type VerifyOptions, verifyLog } from './verification/verify-log.ts';

const ITEMS_A_RUN = 5_000;

const pendingOptions = z.strictObject({
  limit: z.number().int().min(1).max(1_000),
  cursor: z.string().optional(),
  signal: abortSignal,
});

/**
 * The log of what managers changed: an outbox that they write to in the commit of each change, and behind it a chain that shows
 * tampering, in any number of instances on one storage.
 *
 * Give one to a manager as its `events` option. It must stand on the manager's own storage, since an event is part of the
 * commit of its change: no event without its change, no change without its event.
 *
 * @example
 * ```ts
 * const events = new EventLog({ storage, keyring });
 * const authority = new CertificateAuthority({ storage, keyring, events });
 * events.on('certificate.*', ({ type, subject }) => console.log(type, subject));
 * events.start();
 * ```
 */
export class EventLog {
  readonly storage: StorageBackend;
  /** The sinks with a name: how they are doing, their dead letters, and what becomes of those. */
  readonly deliveries: DeliveryControl;
  readonly #context: LogContext;
  readonly #options: EventLogOptions;
  readonly #ownerKeys: OwnerKeys;
  readonly #log: StoredLog;
  readonly #listeners: Listeners;
  readonly #sequencer: Sequencer;
  readonly #checkpointKey: CheckpointKey;
  readonly #checkpoints: Checkpoints;
  readonly #deliveries: Deliveries;
  #runner: ChoreRunner | undefined;

  /**
   * Does no I/O: collections open at first use, and nothing runs before `start`.
   *
   * @throws {InvalidInputError} INVALID_ARGUMENT: an option or a sink is malformed
   * @throws {ConflictError} SINK_NAME_TAKEN: two sinks have one name
   * @throws {StorageError} STORAGE_UNSAFE_CONFIG: the storage is less durable than `requireDurability`
   */
  constructor(options: EventLogOptions) {
    checkLogOptions(options);
    const { storage, keyring, sinks = [], clock = systemClock, crypto = defaultCrypto, logger } = options;
    requireDurability(storage, options.requireDurability, { what: 'events', logger });
    const collections = [...logCollections, ...deliveryCollections];
    const store = new Store({ storage, crypto, clock, collections, ...(keyring && { keyring }) });
    this.storage = storage;
    this.#options = options;
    this.#context = { store, clock, crypto, keyring, logger };
    this.#ownerKeys = new OwnerKeys(this.#context);
    this.#log = new StoredLog(this.#context, this.#ownerKeys);
    this.#listeners = new Listeners(logger);
    for (const sink of sinkFunctions(sinks)) this.#listeners.add('*', sink);
    const { holdBackMs = LOG_DEFAULTS.holdBackMs } = options;
    this.#sequencer = new Sequencer(this.#context, { reader: this.#log, listeners: this.#listeners, holdBackMs });
    this.#checkpointKey = new CheckpointKey(this.#context, options.origin ?? `chancery/${storage.namespace}`);
    this.#checkpoints = new Checkpoints(this.#context, this.#checkpointKey);
    const { timer } = options;
    const delivering = { store, reader: this.#log, sinks: namedSinks(sinks), clock, crypto, logger };
    this.#deliveries = new Deliveries({ ...delivering, ...(timer && { timer }) });
    this.deliveries = this.#deliveries;
  }

  /**
   * The write that puts one event into the outbox, for the commit of its change.
   *
   * @internal
   * @throws {InvalidInputError} EVENT_INVALID: names the field and the rule
   */
  write(facts: EventFacts): Write {
    return eventWrite(this.#context, facts);
  }

  /**
   * The writes of one event with a part that its owner can have erased: sealed under a key of the owner's, while the chain commits
   * to the ciphertext. One of the writes checks that the key is still there: call this within the transaction, which
   * then runs again if the owner is erased meanwhile. An owner that was erased gets a fresh key; what was erased stays so.
   *
   * @internal
   * @throws {InvalidInputError} EVENT_INVALID: names the field and the rule
   * @throws {ConflictError} EVENTS_KEYRING_MISSING; COMMIT_CONFLICT: the owner was erased at every attempt
   * @throws {StorageError} any of its codes
   */
  writePersonal(facts: EventFacts, personal: PersonalData): Promise<Write[]> {
    return personalEventWrites(this.#context, this.#ownerKeys, facts, personal);
  }

  /**
   * Destroys the key of an owner of personal data. The events stay, and the chain with them; their personal parts are
   * gone, at once and for everybody who does not have the key from a backup.
   *
   * @param owner - as it was given with the data; one that is not known is no error
   * @throws {ChanceryError} ABORTED
   * @throws {StorageError} any of its codes; erasing again is safe
   */
  eraseOwner(owner: string, options: Abortable = {}): Promise<void> {
    return this.#ownerKeys.erase(owner, options);
  }

  /**
   * Lists the events that wait in the outbox, oldest first. What is there and is no event is left out; the chore that chains sets it aside.
   *
   * @param options.limit - 1 to 1,000 events a page
   * @param options.cursor - where the last page ended
   * @throws {InvalidInputError} INVALID_ARGUMENT: an option is malformed, such as a limit outside 1 to 1,000
   * @throws {StorageError} STORAGE_INVALID: the cursor of another list; any other of its codes
   */
  async pending(
    options: Abortable & { readonly limit: number; readonly cursor?: string },
  ): Promise<{ items: CloudEvent[]; cursor?: string }> {
    const parsed = pendingOptions.safeParse(options);
    if (!parsed.success) throw invalidArgument('pending() options', parsed.error.issues);
    const { limit, cursor, signal } = options;
    throwIfAborted(signal);
    const query = { index: 'pending', limit, ...(cursor !== undefined && { cursor }) };
    const page = await this.#context.store.query(outboxDocuments, query);
    const items = page.entries.flatMap(({ id, value }) => ('record' in value ? [eventOf(id, value.record)] : []));
    return page.cursor === undefined ? { items } : { items, cursor: page.cursor };
  }

  /**
   * Lists what was found in the outbox and set aside since it is no event, oldest first. The event `event.set_aside` tells of each in
   * the log, with `setAsideId` as its subject.
   *
   * @throws {InvalidInputError} INVALID_ARGUMENT: an option is malformed, such as a limit outside 1 to 1,000
   * @throws {StorageError} STORAGE_INVALID: the cursor of another list; any other of its codes
   */
  setAside(options: ListSetAsideOptions): Promise<{ items: SetAsideEvent[]; cursor?: string }> {
    return listSetAside(this.#context, options);
  }

  /**
   * Removes what was set aside, once somebody has looked at it. The event `event.discarded` tells of that.
   *
   * @throws {NotFoundError} SET_ASIDE_NOT_FOUND
   * @throws {ConflictError} COMMIT_CONFLICT
   * @throws {StorageError} any of its codes
   */
  discardSetAside(setAsideId: string, options: Abortable = {}): Promise<void> {
    return discardSetAside(this.#context, setAsideId, options);
  }

  /**
   * Lists the log in its order.
   *
   * @throws {InvalidInputError} INVALID_ARGUMENT: an option is malformed, such as a limit outside 1 to 1,000
   * @throws {ConflictError} EVENTS_KEYRING_MISSING: `includePersonal` without a keyring
   * @throws {StorageError} STORAGE_INVALID: the cursor of another list; any other of its codes
   */
  list(options: ListEventsOptions): Promise<{ items: LogEntry[]; cursor?: string }> {
    return this.#log.list(options);
  }

  /**
   * How many entries were ever chained: the sequence number of the next one. Those that retention has removed count.
   *
   * @throws {ChanceryError} ABORTED
   * @throws {StorageError} any of its codes: the storage failed
   */
  size(options: Abortable = {}): Promise<number> {
    return this.#log.size(options);
  }

  /**
   * Tells how the log is doing: how much waits to be chained and since when, how much was set aside, and when it was last signed.
   *
   * @throws {InvalidInputError} INVALID_ARGUMENT: an option is malformed
   * @throws {StorageError} any of its codes: the storage failed
   */
  status(options: LogStatusOptions = {}): Promise<LogStatus> {
    return logStatus(this.#context, options);
  }

  /**
   * Tells a function of each event as it is chained, in the process that chains it: register the same listeners in every
   * instance that is started. Each event is told at least once, and again where a process ended before it was noted. What the function
   * returns is not waited for, and what it throws is logged and not tried again: what must arrive goes to a sink with a name.
   *
   * @param pattern - a type, `certificate.*` for all that begin so, or `*`
   * @returns a function that ends it
   * @throws {InvalidInputError} INVALID_ARGUMENT: a malformed pattern, or no function
   */
  on(pattern: string, listener: EventListener): () => void {
    return this.#listeners.add(pattern, listener);
  }

  /**
   * Signs a checkpoint of the log as it is: its size and chain hash, as a C2SP signed note. Keep it outside the store, and give it
   * to `verify`.
   *
   * @throws {ConflictError} EVENTS_KEYRING_MISSING
   * @throws {StorageError} STORAGE_CORRUPT: the log contradicts its last checkpoint, or that is not signed by its key; any other of
   *   its codes
   */
  checkpoint(options: Abortable = {}): Promise<Checkpoint> {
    return this.#checkpoints.make(options);
  }

  /**
   * The public key of the checkpoints, as tools for signed notes take it: `origin+id+key`. Keep it outside the store.
   *
   * @throws {ConflictError} EVENTS_KEYRING_MISSING
   * @throws {StorageError} any of its codes
   */
  async verifierKey(options: Abortable = {}): Promise<string> {
    throwIfAborted(signalOf(options).signal);
    return verifierKeyText(await this.#checkpointKey.signer());
  }

  /**
   * Walks the log and tells what is wrong with it: entries that were changed, removed, inserted, reordered or cut off, and checkpoints
   * that it does not fit.
   *
   * @throws {InvalidInputError} INVALID_ARGUMENT; CHECKPOINT_INVALID: a given checkpoint is malformed, or signed by nobody known;
   *   VERIFIER_KEY_INVALID
   * @throws {ConflictError} EVENTS_KEYRING_MISSING: checkpoints were given, and neither keyring nor `verifierKeys`
   * @throws {ChanceryError} ABORTED
   * @throws {StorageError} any of its codes
   */
  verify(options: VerifyOptions = {}): Promise<LogVerification> {
    return verifyLog(this.#context, this.#checkpointKey, options);
  }

  /** The chores: chaining, deliveries, and where they apply checkpoints, sealing keys anew, and retention. */
  maintenance(): MaintenanceTask[] {
    const { keyring } = this.#context;
    const {
      checkpointIntervalMs = LOG_DEFAULTS.checkpointIntervalMs,
      checkpointSink: sink,
      checkpointSinkTimeoutMs: sinkTimeoutMs = LOG_DEFAULTS.checkpointSinkTimeoutMs,
      retentionDays,
      timer = systemTimer,
    } = this.#options;
    const checkpoints = keyring === undefined ? undefined : this.#checkpoints;
    const tasks = [
      sequencingTask(this.#context, {
        sequencer: this.#sequencer,
        deliveries: this.#deliveries,
        pollMs: this.#options.pollMs ?? LOG_DEFAULTS.pollMs,
      }),
    ];
    if (checkpoints) {
      const options = { intervalMs: checkpointIntervalMs, sink, sinkTimeoutMs, timer };
      tasks.push(checkpointTask(this.#context, checkpoints, options));
    }
    if (keyring) tasks.push(resealTask(this.#context, keyring));
    if (retentionDays !== undefined) {
      tasks.push(retentionTask(this.#context, { retentionDays, deliveries: this.#deliveries, checkpoints }));
    }
    return [...tasks, ...this.#deliveries.maintenance()];
  }

  /** Runs the chores in this process, until `stop`. Starting twice is starting once. */
  start(): void {
    if (this.#runner !== undefined) return;
    const { clock, logger } = this.#context;
    const { timer = systemTimer } = this.#options;
    this.#runner = new ChoreRunner({ tasks: this.maintenance(), clock, timer, logger, limit: ITEMS_A_RUN });
    this.#runner.start();
  }

  /**
   * Ends what `start` began, and lets go of what sinks hold. Resolves when what was under way has come to a stop; nothing of it is lost. A
   * sink that hangs is not waited for: its attempts and checkpoints are given up at once, its `close` after 10 seconds.
   *
   * @throws what the `close` of a sink throws, once the others are closed
   */
  async stop(): Promise<void> {
    const runner = this.#runner;
    this.#runner = undefined;
    await runner?.stop();
    await this.#deliveries.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/**
 * Refuses an event log that stands on another storage than its manager.
 *
 * @throws {ConflictError} EVENTS_STORAGE_MISMATCH
 */
export function requireSameStorage(events: EventLog | undefined, storage: StorageBackend): void {
  if (events === undefined) return;
  requireObject(events, 'events');
  if (events.storage !== storage) {
    throw new ConflictError(
      'EVENTS_STORAGE_MISMATCH',
      'The event log stands on another storage than the manager that writes to it',
    );
  }
}

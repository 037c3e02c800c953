import { InvalidInputError } from '../../errors/families.ts';
import type { Abortable } from '../../ports/abortable.ts';
import type { Clock } from '../../ports/clock.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import type { Logger } from '../../ports/logger.ts';
import type { MaintenanceTask } from '../../ports/maintenance.ts';
import { systemTimer } from '../../ports/system-timer.ts';
import type { Timer } from '../../ports/timer.ts';
import { type Sleep, timerSleep } from '../../store/backoff.ts';
import type { Store } from '../../store/store.ts';
import type { LogReader } from '../log-reader.ts';
import type { DeliveryContext } from './context.ts';
import {
  type DiscardOptions,
  discardDeadLetters,
  type ReplayOptions,
  replayDeadLetters,
} from './dead-letter-changes.ts';
import { type DeadLetter, type ListDeadLettersOptions, listDeadLetters } from './dead-letters.ts';
import type { DeliveryControl } from './delivery-control.ts';
import { enableSink, registerSinks } from './registration.ts';
import { leftoversTask, removeSink } from './removal.ts';
import { RETRY_FOR_MS } from './retry-schedule.ts';
import type { NamedSink } from './sink.ts';
import { namedSinks } from './sink-rules.ts';
import { sinkTask } from './sink-worker.ts';
import { oldestNeeded, type SinkStatus, sinkStatus } from './status.ts';

const MAX_CONCURRENCY = 64;
const LEASE_MS = 60_000;
const POLL_MS = 1_000;
const CLOSE_MS = 10_000;

/** What `Deliveries` work with. */
export interface DeliveriesOptions {
  /** With `deliveryCollections` among its collections. */
  readonly store: Store;
  readonly reader: LogReader;
  readonly sinks: readonly NamedSink[];
  readonly clock: Clock;
  readonly crypto: CryptoProvider;
  readonly logger?: Logger | undefined;
  /** Ends the time for an attempt. Default: the runtime's timer. */
  readonly sleep?: Sleep;
  /** Ends the waiting for a sink that is to close. Default: the runtime's timer. */
  readonly timer?: Timer;
  /** How many attempts each sink may have under way, 1 to 64. Default 8. */
  readonly concurrency?: number;
  /** How long an instance that fell silent keeps a sink to itself, in milliseconds. Default 60,000. */
  readonly leaseMs?: number;
  /** How long an event is tried, in milliseconds. Default three days. */
  readonly retryForMs?: number;
  /** How often an idle sink looks for new entries, in milliseconds. Default 1,000. */
  readonly pollMs?: number;
}

/**
 * Passes the entries of the log on to sinks: to each at least once, the events of one subject in order. A subject whose events are not
 * taken holds up itself alone.
 *
 * Each sink has a place in the log, and one instance at a time works for it.
 */
export class Deliveries implements DeliveryControl {
  readonly #context: DeliveryContext;
  readonly #sinks: readonly NamedSink[];
  readonly #timer: Timer;
  #registered = false;

  /**
   * Does no I/O.
   *
   * @throws {InvalidInputError} INVALID_ARGUMENT: a sink or an option is malformed
   * @throws {ConflictError} SINK_NAME_TAKEN: two sinks have one name
   */
  constructor(options: DeliveriesOptions) {
    const { store, reader, clock, crypto, logger, sleep = timerSleep } = options;
    const { concurrency = 8, leaseMs = LEASE_MS, retryForMs = RETRY_FOR_MS, pollMs = POLL_MS } = options;
    requireInteger('concurrency', concurrency, 1, MAX_CONCURRENCY);
    requireInteger('leaseMs', leaseMs, 1_000, 3_600_000);
    requireInteger('retryForMs', retryForMs, 0, 30 * 86_400_000);
    requireInteger('pollMs', pollMs, 1, 3_600_000);
    this.#sinks = namedSinks(options.sinks);
    this.#timer = options.timer ?? systemTimer;
    this.#context = { store, reader, clock, crypto, logger, sleep, concurrency, leaseMs, retryForMs, pollMs };
  }

  /** See {@link DeliveryControl}. */
  async register(options: Abortable = {}): Promise<void> {
    if (this.#registered) return;
    if (this.#sinks.length > 0) await registerSinks(this.#context, this.#sinks, options);
    this.#registered = true;
  }

  /** See {@link DeliveryControl}. */
  status(options: Abortable = {}): Promise<SinkStatus[]> {
    return sinkStatus(this.#context, options);
  }

  /** See {@link DeliveryControl}. */
  deadLetters(options: ListDeadLettersOptions): Promise<{ items: DeadLetter[]; cursor?: string }> {
    return listDeadLetters(this.#context, options);
  }

  /** See {@link DeliveryControl}. */
  replay(options: ReplayOptions): Promise<number> {
    return replayDeadLetters(this.#context, options);
  }

  /** See {@link DeliveryControl}. */
  discard(options: DiscardOptions): Promise<number> {
    return discardDeadLetters(this.#context, options);
  }

  /** See {@link DeliveryControl}. */
  enable(sink: string, options: Abortable = {}): Promise<void> {
    return enableSink(this.#context, sink, options);
  }

  /** See {@link DeliveryControl}. */
  remove(sink: string, options: Abortable = {}): Promise<void> {
    return removeSink(this.#context, sink, options);
  }

  /**
   * The lowest sequence number that some sink still needs, so that retention can leave it.
   *
   * @returns undefined where no sink has a place in the log
   * @throws {StorageError} any of its codes: the storage failed
   */
  oldestNeeded(options: Abortable = {}): Promise<number | undefined> {
    return oldestNeeded(this.#context, options);
  }

  /** Offers a chore for each sink, and one that forgets the sinks which no instance has had for 30 days. */
  maintenance(): MaintenanceTask[] {
    const names = new Set(this.#sinks.map(({ name }) => name));
    return [...this.#sinks.map((sink) => sinkTask(this.#context, sink)), leftoversTask(this.#context, names)];
  }

  /**
   * Lets go of what the sinks hold. One that takes more than 10 seconds for it is left to itself.
   *
   * @throws what the `close` of a sink throws, once the others are closed
   */
  async close(): Promise<void> {
    const closings = await Promise.allSettled(this.#sinks.map((sink) => this.#closeSink(sink)));
    const failed = closings.find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
  }

  async #closeSink(sink: NamedSink): Promise<void> {
    if (sink.close === undefined) return;
    let callOff = (): void => undefined;
    const late = new Promise<'late'>((resolve) => {
      callOff = this.#timer(CLOSE_MS, () => resolve('late'));
    });
    try {
      const closing = (async () => sink.close?.())();
      if ((await Promise.race([closing, late])) !== 'late') return;
      this.#context.logger?.warn('A sink did not close in time, and is left to itself', { sink: sink.name });
    } finally {
      callOff();
    }
  }
}

function requireInteger(name: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new InvalidInputError('INVALID_ARGUMENT', `${name} must be an integer from ${min} to ${max}, not ${value}`);
}

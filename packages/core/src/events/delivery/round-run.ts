import type { CloudEvent } from '../cloud-event.ts';
import { ATTEMPT_TIMEOUT_MS, type AttemptResult, attemptDelivery } from './attempt.ts';
import type { DeliveryContext } from './context.ts';
import type { SinkLease } from './lease.ts';
import { boundedRest, retryDelay } from './retry-schedule.ts';
import type { DeliveryFault, NamedSink } from './sink.ts';
import type { SubjectQueue, WaitingEvent } from './subject-queue.ts';

// A lane that is long takes turns with the others, and with these many writes of each a round stays within one commit.
const DELIVERIES_A_LANE = 50;
const DEAD_LETTERS_A_LANE = 5;
// Of lanes there may be as many as new entries besides those that are due: together they must leave room for each one's own write.
const DEAD_LETTERS_OF_LANES = 60;
/** So many subjects failing for the first time, and nothing delivered: it is the receiver that fails, not the subjects. */
const FAILING_SUBJECTS = 8;

/** One round's attempts: several subjects at a time, one event of a subject at a time. */
export class RoundRun {
  readonly #context: DeliveryContext;
  readonly #sink: NamedSink;
  readonly #lease: SinkLease;
  readonly #halt = new AbortController();
  #ended = false;
  #failure: { readonly error: unknown } | undefined;
  #newlyFailing = 0;
  #buriedOfLanes = 0;
  /** How many events were delivered. */
  delivered = 0;
  /** Until when the receiver asks to be left alone. */
  restUntil = 0;
  /** Why the receiver wants no more events. */
  gone: DeliveryFault | undefined;
  /** Whether the receiver fails for every subject. */
  failing = false;
  /** Whether a lane was left for the next round. */
  again = false;

  constructor(context: DeliveryContext, sink: NamedSink, lease: SinkLease) {
    this.#context = context;
    this.#sink = sink;
    this.#lease = lease;
  }

  /** Whether the work was stopped before its end. */
  get stopped(): boolean {
    return this.#ended;
  }

  /**
   * Delivers what can be delivered. What is left stays in its queue.
   *
   * @throws what the storage threw: the attempts that were under way then are stopped
   */
  async deliver(queues: readonly SubjectQueue[], signal: AbortSignal): Promise<void> {
    const stop = (): void => this.#stop();
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    const open = queues.values();
    const worker = async (): Promise<void> => {
      for (const queue of open) {
        if (this.#ended) return;
        await this.#drain(queue);
      }
    };
    try {
      await Promise.all(Array.from({ length: this.#context.concurrency }, () => this.#guarded(worker)));
    } finally {
      signal.removeEventListener('abort', stop);
    }
    if (this.#failure) throw this.#failure.error;
  }

  async #drain(queue: SubjectQueue): Promise<void> {
    const { clock, sleep } = this.#context;
    const attemptMs = this.#sink.timeoutMs ?? ATTEMPT_TIMEOUT_MS;
    for (let made = 0; !this.#ended && queue.retryAt <= clock.now(); made++) {
      const [first] = queue.waiting;
      if (first === undefined) return;
      if (queue.lane && (made === DELIVERIES_A_LANE || this.#hasBuriedEnough(queue))) {
        this.again = true;
        return;
      }
      const event = await this.#eventOf(first);
      if (event === undefined) {
        queue.next(clock.now());
        continue;
      }
      if (!(await this.#lease.hold(attemptMs))) {
        this.#stop();
        return;
      }
      if (this.#ended) return;
      const attempt = { sink: this.#sink, event, attempt: queue.attempts + 1, sleep, signal: this.#halt.signal };
      this.#judge(queue, first, event, await attemptDelivery(attempt));
    }
  }

  #judge(queue: SubjectQueue, { since }: WaitingEvent, event: CloudEvent, result: AttemptResult): void {
    const { clock, crypto, retryForMs } = this.#context;
    const now = clock.now();
    switch (result.outcome) {
      case 'delivered':
        this.delivered += 1;
        queue.next(now);
        return;
      case 'failed': {
        const rest = boundedRest(result.retryAfterMs);
        if (rest > 0) {
          this.restUntil = Math.max(this.restUntil, now + rest);
          this.#ended = true;
        }
        queue.attempts += 1;
        if (now - since >= retryForMs) {
          this.#bury(queue, event, result);
          return;
        }
        queue.fault = faultOf(result);
        // The last attempt is made when the time is up, not up to two hours before.
        const delay = Math.min(retryDelay(queue.attempts, crypto), since + retryForMs - now);
        queue.retryAt = now + Math.max(delay, rest);
        this.#countFailure(queue);
        return;
      }
      case 'rejected':
        queue.attempts += 1;
        this.#bury(queue, event, result);
        return;
      case 'gone':
        this.gone ??= faultOf(result);
        this.#ended = true;
        return;
      case 'stopped':
        this.#ended = true;
    }
  }

  #countFailure(queue: SubjectQueue): void {
    if (!queue.lane) this.#newlyFailing += 1;
    if (this.#newlyFailing < FAILING_SUBJECTS || this.delivered > 0) return;
    this.failing = true;
    this.#ended = true;
  }

  #hasBuriedEnough({ dead }: SubjectQueue): boolean {
    return dead.length === DEAD_LETTERS_A_LANE || this.#buriedOfLanes >= DEAD_LETTERS_OF_LANES;
  }

  #bury(queue: SubjectQueue, event: CloudEvent, fault: DeliveryFault): void {
    const { clock, logger } = this.#context;
    if (queue.lane) this.#buriedOfLanes += 1;
    const sink = this.#sink.name;
    logger?.warn('An event became a dead letter', {
      sink,
      eventId: event.id,
      attempts: queue.attempts,
      ...faultOf(fault),
    });
    queue.bury(event, { sink, now: clock.now(), fault: faultOf(fault) });
  }

  /** Undefined where retention has removed it. */
  async #eventOf({ sequence, event }: WaitingEvent): Promise<CloudEvent | undefined> {
    if (event) return event;
    const { reader, logger } = this.#context;
    const includePersonal = this.#sink.includePersonal === true;
    const [entry] = await reader.read({ from: sequence, limit: 1, includePersonal });
    if (entry?.sequence === sequence) return entry.event;
    logger?.error('An event that waited for a sink is gone from the log', { sink: this.#sink.name, sequence });
    return undefined;
  }

  async #guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#failure ??= { error };
      this.#stop();
    }
  }

  #stop(): void {
    this.#ended = true;
    this.#halt.abort();
  }
}

function faultOf({ reason, status }: DeliveryFault): DeliveryFault {
  return status === undefined ? { reason } : { reason, status };
}

import { defaultCrypto } from '../crypto/node-provider.ts';
import { InvalidInputError } from '../errors/families.ts';
import { quote } from '../errors/quote.ts';
import { type Abortable, signalOf } from '../ports/abortable.ts';
import type { RenewalSource } from '../ports/renewal-source.ts';
import type { StorageBackend } from '../ports/storage.ts';
import { systemClock } from '../ports/system-clock.ts';
import { systemTimer } from '../ports/system-timer.ts';
import { throwIfAborted } from '../store/backoff.ts';
import { Store } from '../store/store.ts';
import { Chores } from './chores/chores.ts';
import { chores } from './chores/collections.ts';
import type { RenewalContext, RunControl } from './context.ts';
import { nextLookAt } from './jobs/next-look.ts';
import { type QueueRound, QueueRunner } from './jobs/queue-runner.ts';
import { Loop } from './loop.ts';
import { checkOptions, type RenewalProblem, type RenewalSchedulerOptions } from './options.ts';
import { type RenewalReport, sumOf } from './report.ts';
import { reporter } from './reporter.ts';
import { RunTracker } from './run-tracker.ts';
import { sleepBy } from './sleep-by.ts';
import { Slots } from './slots.ts';

/** The shortest pauses between two looks for work, milliseconds. */
const QUEUE_PAUSE_MS = 1_000;
const CHORE_PAUSE_MS = 10;
/** How many certificates one call of `renewAllBefore` looks at. */
const PAGE = 500;

/** Which certificates are to be renewed whatever their age. */
export interface RenewAllOptions extends Abortable {
  /** Those of one issuer only. */
  readonly issuer?: string;
}

/**
 * Renews certificates when they are due and runs the chores of managers and storages, so that nothing needs a cron. Any number of instances
 * on one storage share the work: each certificate is renewed once, and what a dead or paused instance held is taken over.
 *
 * @example
 * ```ts
 * const scheduler = new RenewalScheduler({ certificates, maintain: [...authority.maintenance(), ...certificates.maintenance()] });
 * scheduler.start();
 * // …
 * await scheduler.stop();
 * ```
 */
export class RenewalScheduler {
  readonly #context: RenewalContext;
  readonly #source: RenewalSource | undefined;
  readonly #queues: readonly QueueRunner[];
  readonly #chores: Chores;
  readonly #runs = new RunTracker();
  #loops: readonly Loop[] = [];

  /**
   * Does no I/O.
   *
   * @throws {InvalidInputError} INVALID_ARGUMENT: names the option that is missing, malformed or out of range
   */
  constructor(options: RenewalSchedulerOptions) {
    const settings = checkOptions(options);
    const { certificates, clock = systemClock, crypto = defaultCrypto, timer = systemTimer } = options;
    const storage = (options.storage ?? certificates?.storage) as StorageBackend;
    const store = new Store({ storage, crypto, clock, collections: [chores], sleep: sleepBy(timer) });
    this.#context = { ...settings, store, clock, crypto, timer, policy: options.policy, report: reporter(options) };
    this.#source = certificates;
    this.#queues = certificates === undefined ? [] : queueRunners(this.#context, certificates);
    this.#chores = new Chores(this.#context, options.maintain ?? []);
  }

  /** Whether it works in the background. */
  get isRunning(): boolean {
    return this.#loops.length > 0;
  }

  /** Works in the background, until `stop`. Starting twice is starting once. */
  start(): void {
    if (this.isRunning) return;
    // A loop each: an issuer that keeps a renewal waiting does not keep the others, nor the chores.
    this.#loops = [
      ...this.#queues.map((queue) =>
        this.#loop({ issuer: queue.name }, QUEUE_PAUSE_MS, () => nextLookAt(queue, this.#runs, this.#context)),
      ),
      this.#loop({}, CHORE_PAUSE_MS, () =>
        this.#runs.track(async (control) => (await this.#chores.run(control)).nextDueAt),
      ),
    ];
    for (const loop of this.#loops) loop.start();
  }

  /**
   * Ends what `start` and `runOnce` began: what runs is finished, what was claimed and not begun is given back.
   *
   * @param options `signal` breaks off what runs: it is there for other instances at once, which resume it
   */
  async stop(options: Abortable = {}): Promise<void> {
    const { signal } = signalOf(options);
    for (const loop of this.#loops) loop.stop();
    this.#loops = [];
    await this.#runs.end(signal);
  }

  /**
   * Does everything that is due, once: for tests, and for a host that has a cron of its own.
   *
   * @returns what it came to; failures are counted, and told to logger and `onError`
   * @throws {StorageError} any of its codes: the storage failed before it was known what is due
   * @throws {ChanceryError} ABORTED: the signal was aborted; what was begun was given back
   */
  async runOnce(options: Abortable = {}): Promise<RenewalReport> {
    const { signal } = signalOf(options);
    throwIfAborted(signal);
    const report = await this.#runs.track((control) => this.#runAll(control), signal);
    throwIfAborted(signal);
    return report;
  }

  /**
   * Has every certificate renewed that was issued before an instant, whatever its age: for the day on which an issuer has to revoke. The
   * scheduler of any instance renews them, as fast as `concurrency` and `budgets` allow, those that end first in front. Calling it again
   * after a failure goes on where it was.
   *
   * @returns how many certificates were moved
   * @throws {InvalidInputError} INVALID_ARGUMENT: `instant` is no date, `issuer` none of the issuers, or there is no certificate manager
   * @throws {StorageError} any of its codes
   * @throws {ChanceryError} ABORTED
   */
  async renewAllBefore(instant: Date, options: RenewAllOptions = {}): Promise<{ readonly moved: number }> {
    const { signal } = signalOf(options);
    const { issuer } = options;
    const source = this.#requireSource(issuer);
    if (!(instant instanceof Date) || Number.isNaN(instant.getTime())) throw invalid('instant must be a valid date');
    const query = {
      instant: instant.getTime(),
      limit: PAGE,
      ...(issuer !== undefined && { issuer }),
      ...(signal && { signal }),
    };
    let moved = 0;
    let cursor: string | undefined;
    do {
      throwIfAborted(signal);
      const page = await source.renewAllBefore(cursor === undefined ? query : { ...query, cursor });
      moved += page.moved;
      cursor = page.cursor;
    } while (cursor !== undefined);
    return { moved };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #loop(problem: RenewalProblem, min: number, run: () => Promise<number>): Loop {
    const { clock, timer, checkIntervalMs: max, report } = this.#context;
    return new Loop({
      run,
      onError: (error) => report(error, problem),
      clock,
      timer,
      pause: { min, max },
    });
  }

  async #runAll(control: RunControl): Promise<RenewalReport> {
    const runs = await Promise.allSettled(this.#queues.map((queue) => queue.run(control)));
    const chores = await this.#chores.run(control);
    for (const run of runs) if (run.status === 'rejected') throw run.reason;
    const counts = runs.map((run) => (run as PromiseFulfilledResult<QueueRound>).value.counts);
    const nextDueAt = Math.min(chores.nextDueAt, await this.#nextJobDueAt());
    return {
      ...sumOf(counts),
      chores: { ran: chores.ran, failed: chores.failed },
      ...(Number.isFinite(nextDueAt) && { nextDueAt: new Date(nextDueAt) }),
    };
  }

  async #nextJobDueAt(): Promise<number> {
    return (await this.#source?.nextDueAt()) ?? Number.POSITIVE_INFINITY;
  }

  #requireSource(issuer: string | undefined): RenewalSource {
    const source = this.#source;
    if (source === undefined) throw invalid('This scheduler has no certificate manager');
    if (issuer === undefined || source.queues().includes(issuer)) return source;
    throw invalid(`issuer ${quote(issuer)} is none of ${source.queues().join(', ')}`);
  }
}

function queueRunners(context: RenewalContext, source: RenewalSource): QueueRunner[] {
  const queues = source.queues();
  const slots = new Slots(context.concurrency, queues);
  return queues.map((name) => new QueueRunner(context, source, { name, slots }));
}

function invalid(message: string): InvalidInputError {
  return new InvalidInputError('INVALID_ARGUMENT', message);
}

import type { RenewalJob, RenewalSource } from '../../ports/renewal-source.ts';
import type { RenewalContext, RunControl } from '../context.ts';
import { type JobCounts, noJobs } from '../report.ts';
import type { Slots } from '../slots.ts';
import type { Stop } from '../stop.ts';
import { JobRun, type LeasedJob } from './job-run.ts';

/** Jobs that are claimed at once, for each that can run at once, while jobs take next to no time. */
const MOST_AHEAD = 8;
const MOST_AT_ONCE = 256;
/** A claim whose jobs were all begun within this time may be twice as large next time. */
const QUICK_MS = 5_000;

/** What the jobs of one look at a queue came to. */
export interface QueueRound {
  readonly counts: JobCounts;
  /** When the first of the jobs whose issuer is at work is to be resumed, epoch milliseconds; Infinity where there is none. */
  resumeAt: number;
}

/** One look at a queue. What it has begun may go on when there is nothing more to begin. */
export interface QueueLook {
  /**
   * Resolves when everything that was due is begun, with how much of it has not ended yet.
   *
   * @throws {StorageError} any of its codes: jobs could not be claimed
   */
  readonly begun: Promise<number>;
  /** Resolves when everything that was begun has ended. Never rejects. */
  readonly ended: Promise<QueueRound>;
}

/**
 * Runs the due jobs of one queue. It claims few jobs while they take long, so that other instances have their share, and many while they
 * are quick, so that a claim pays.
 */
export class QueueRunner {
  /** The queue's. */
  readonly name: string;
  readonly #context: RenewalContext;
  readonly #source: RenewalSource;
  readonly #slots: Slots;
  #ahead = 1;
  #pausedUntil = 0;

  constructor(
    context: RenewalContext,
    source: RenewalSource,
    { name, slots }: { readonly name: string; readonly slots: Slots },
  ) {
    this.#context = context;
    this.#source = source;
    this.name = name;
    this.#slots = slots;
  }

  /**
   * Runs everything that is due, the most urgent first.
   *
   * @returns how the jobs ended, when all have, and when one of them is to be resumed
   * @throws {StorageError} any of its codes: jobs could not be claimed
   */
  async run(control: RunControl): Promise<QueueRound> {
    const { begun, ended } = this.look(control);
    const [round] = await Promise.all([ended, begun.catch(() => undefined)]);
    await begun;
    return round;
  }

  /**
   * Begins everything that is due, the most urgent first, as slots allow.
   *
   * @param onResume told when a job has ended that is to be resumed, and when it is, epoch milliseconds
   */
  look(control: RunControl, onResume: (at: number) => void = () => undefined): QueueLook {
    const round = { counts: noJobs(), resumeAt: Number.POSITIVE_INFINITY };
    const running = new Set<Promise<void>>();
    const run = async (leased: LeasedJob): Promise<void> => {
      const resumeAt = await this.#run(leased, round, control.breakOff);
      if (resumeAt !== undefined) onResume(resumeAt);
    };
    const begun = this.#begin(run, running, control).then(() => running.size);
    const end = async (): Promise<QueueRound> => {
      await Promise.all(running);
      return round;
    };
    return { begun, ended: begun.then(end, end) };
  }

  async #begin(
    begin: (leased: LeasedJob) => Promise<void>,
    running: Set<Promise<void>>,
    control: RunControl,
  ): Promise<void> {
    const claimed = new ClaimedJobs();
    try {
      while (true) {
        const release = await this.#slots.acquire(this.name);
        const next = await this.#next(claimed, control).catch((error: unknown) => {
          release();
          throw error;
        });
        if (next === undefined) {
          release();
          return;
        }
        const run = begin(next).finally(() => {
          running.delete(run);
          release();
        });
        running.add(run);
      }
    } finally {
      await this.#giveBack(claimed);
    }
  }

  async #next(claimed: ClaimedJobs, { halt }: RunControl): Promise<LeasedJob | undefined> {
    if (halt.isCalled || this.#pausedUntil > this.#context.clock.now()) return undefined;
    if (claimed.isEmpty && !claimed.wereAll) await this.#claim(claimed);
    return claimed.take();
  }

  async #claim(claimed: ClaimedJobs): Promise<void> {
    const { clock, concurrency, leaseMs } = this.#context;
    const now = clock.now();
    this.#ahead = now - claimed.since < QUICK_MS ? Math.min(this.#ahead * 2, MOST_AHEAD) : 1;
    const limit = Math.min(concurrency * this.#ahead, MOST_AT_ONCE);
    const jobs = await this.#source.claimJobs({ queue: this.name, limit, leaseMs });
    claimed.add(jobs, { since: now, until: now + leaseMs, wereAll: jobs.length < limit });
  }

  async #run(leased: LeasedJob, round: QueueRound, breakOff: Stop): Promise<number | undefined> {
    const end = await new JobRun(this.#context, this.#source, leased).run(breakOff);
    round.counts[end.result] += 1;
    round.resumeAt = Math.min(round.resumeAt, end.resumeAt ?? Number.POSITIVE_INFINITY);
    this.#pausedUntil = Math.max(this.#pausedUntil, end.pausedUntil ?? 0);
    return end.resumeAt;
  }

  /** What was not begun is there for others at once, or when the issuer's budget allows, in the order of urgency. */
  async #giveBack(claimed: ClaimedJobs): Promise<void> {
    const from = Math.max(this.#pausedUntil, this.#context.clock.now());
    for (let at = 0; !claimed.isEmpty; at++) {
      const { job } = claimed.take() as LeasedJob;
      try {
        await this.#source.postpone(job, { dueAt: from + at });
      } catch (error) {
        this.#context.report(error, { certificateId: job.certificateId, issuer: job.issuer });
      }
    }
  }
}

/** Jobs that are leased and wait for a slot, the most urgent in front, as they were claimed. */
class ClaimedJobs {
  readonly #jobs: LeasedJob[] = [];
  #since = Number.NEGATIVE_INFINITY;
  #wereAll = false;

  get isEmpty(): boolean {
    return this.#jobs.length === 0;
  }

  /** When the last claim was made, epoch milliseconds. */
  get since(): number {
    return this.#since;
  }

  /** Whether the last claim took everything that was due. */
  get wereAll(): boolean {
    return this.#wereAll;
  }

  add(
    jobs: readonly RenewalJob[],
    { since, until, wereAll }: { readonly since: number; readonly until: number; readonly wereAll: boolean },
  ): void {
    this.#jobs.push(...jobs.map((job) => ({ job, until })));
    this.#since = since;
    this.#wereAll = wereAll;
  }

  take(): LeasedJob | undefined {
    return this.#jobs.shift();
  }
}

import { renewalDue } from '../../certificates/renewal-due.ts';
import type { ExpiryWarning, RenewalJob, RenewalSource, RenewalWindow } from '../../ports/renewal-source.ts';
import { nextAttemptAt } from '../back-off.ts';
import type { RenewalContext } from '../context.ts';
import { underLease } from '../leases/hold-lease.ts';
import { dueInWindow, nextWindowPoll, windowRetryAt } from '../renewal-window.ts';
import type { JobResult } from '../report.ts';
import type { Stop } from '../stop.ts';
import { dueWarning, isOverdue, nextWarningAt } from '../warnings.ts';
import { describeFailure, isLost, isPassing, isStopped } from './failure.ts';
import { takeFromBudget } from './issuer-budget.ts';

const YEAR = 365 * 86_400_000;

/** A job that this instance has leased. */
export interface LeasedJob {
  readonly job: RenewalJob;
  /** Epoch milliseconds. */
  readonly until: number;
}

/** What one job came to. */
export interface JobEnd {
  readonly result: JobResult;
  /** The issuer's budget is used up until this instant, epoch milliseconds. */
  readonly pausedUntil?: number;
  /** The issuer is to be asked again then, epoch milliseconds. */
  readonly resumeAt?: number;
}

/** Runs one leased job: renews, waits or warns. What fails is put off and never thrown. */
export class JobRun {
  readonly #context: RenewalContext;
  readonly #source: RenewalSource;
  readonly #job: RenewalJob;
  readonly #until: number;

  constructor(context: RenewalContext, source: RenewalSource, { job, until }: LeasedJob) {
    this.#context = context;
    this.#source = source;
    this.#job = job;
    this.#until = until;
  }

  async run(stop: Stop): Promise<JobEnd> {
    const { clock, timer, leaseMs, attemptMs: limitMs } = this.#context;
    const lease = { leaseMs, until: this.#until, extend: () => this.#extend() };
    try {
      if (!(await this.#isFresh())) return { result: 'skipped' };
      return await underLease(lease, { clock, timer, limitMs, stop }, (signal) => this.#work(signal));
    } catch (error) {
      return { result: await this.#settle(error) };
    }
  }

  /** A job may have waited for its turn. */
  async #isFresh(): Promise<boolean> {
    return this.#until - this.#now > this.#context.leaseMs / 2 || (await this.#extend());
  }

  async #extend(): Promise<boolean> {
    return (await this.#source.extendLease(this.#job, this.#context.leaseMs)) !== undefined;
  }

  async #work(signal: AbortSignal): Promise<JobEnd> {
    const { reason, issuer, replaceBefore } = this.#job;
    if (reason === 'warning' && replaceBefore === undefined) return this.#warn();
    const dueAt = await this.#dueAt(signal);
    if (dueAt > this.#now) return this.#putOff(dueAt);
    if (reason === 'resume') {
      // What is pending is put off by the manager, which knows no tiers.
      const warning = this.#overdueWarning();
      if (warning !== undefined) return this.#putOff(this.#now, warning);
    } else {
      const pausedUntil = await takeFromBudget(this.#context, issuer);
      if (pausedUntil !== undefined) return { ...(await this.#putOff(pausedUntil)), pausedUntil };
    }
    const renewal = await this.#source.renew(this.#job, { signal });
    return renewal.outcome === 'pending'
      ? { result: 'pending', resumeAt: renewal.retryAt }
      : { result: renewal.outcome };
  }

  async #warn(): Promise<JobEnd> {
    const { warnDays } = this.#context;
    const now = this.#now;
    const warning = dueWarning(this.#job, warnDays, now);
    return this.#putOff(nextWarningAt(this.#job, warnDays, now) ?? now + YEAR, warning);
  }

  /** When the job is to be done: at once, unless only its age or its issuer's window say when. */
  async #dueAt(signal: AbortSignal): Promise<number> {
    const { reason, attempts, replaceBefore } = this.#job;
    const now = this.#now;
    if (reason !== 'renewal' || attempts > 0 || replaceBefore !== undefined) return now;
    const byAge = this.#dueByAge;
    const window = await this.#window(signal);
    if (window === undefined) return byAge;
    if (window === 'unknown') return Math.min(byAge, windowRetryAt(now));
    const dueAt = dueInWindow(this.#job, window, byAge);
    return dueAt <= now ? dueAt : Math.min(dueAt, nextWindowPoll(window, now));
  }

  async #window(signal: AbortSignal): Promise<RenewalWindow | 'unknown' | undefined> {
    const { ari, certificateId, issuer } = this.#job;
    if (ari !== undefined && ari.retryAt > this.#now) return ari;
    try {
      return await this.#source.renewalWindow(this.#job, { signal });
    } catch (error) {
      if (signal.aborted || isPassing(error)) throw error;
      this.#context.report(error, { certificateId, issuer });
      return ari === undefined ? 'unknown' : { ...ari, retryAt: windowRetryAt(this.#now) };
    }
  }

  async #putOff(dueAt: number, warning?: ExpiryWarning): Promise<JobEnd> {
    await this.#source.postpone(this.#job, { dueAt: Math.ceil(dueAt), ...(warning && { warning }) });
    return { result: warning === undefined ? 'postponed' : 'warned' };
  }

  async #settle(error: unknown): Promise<JobResult> {
    if (isLost(error)) return 'skipped';
    try {
      if (isStopped(error)) return (await this.#putOff(this.#now)).result;
      const { certificateId, issuer } = this.#job;
      this.#context.report(error, { certificateId, issuer });
      if (!isPassing(error)) await this.#countFailure(error);
    } catch (failed) {
      // The lease runs out by itself, and the job is claimed again.
      this.#context.report(failed, { certificateId: this.#job.certificateId, issuer: this.#job.issuer });
    }
    return 'failed';
  }

  async #countFailure(error: unknown): Promise<void> {
    const job = this.#job;
    const now = this.#now;
    const failure = describeFailure(error, now);
    const dueAt = nextAttemptAt({ ...job, ...failure, now, attempts: job.attempts + 1 }, this.#context.crypto);
    const warning = this.#overdueWarning();
    await this.#source.postpone(job, { dueAt, failure, ...(warning && { warning }) });
  }

  #overdueWarning(): ExpiryWarning | undefined {
    const job = this.#job;
    const now = this.#now;
    if (job.notAfter === 0 || !isOverdue(job, this.#dueByAge, now)) return undefined;
    return dueWarning(job, this.#context.warnDays, now);
  }

  get #dueByAge(): number {
    const { policy } = this.#context;
    const { certificateId: jitterSeed, notBefore, notAfter } = this.#job;
    return policy === undefined
      ? this.#source.renewalDue(this.#job)
      : renewalDue({ notBefore, notAfter, policy, jitterSeed });
  }

  get #now(): number {
    return this.#context.clock.now();
  }
}

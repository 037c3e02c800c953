/** What one run of a scheduler came to. */
export interface RenewalReport {
  /** Certificates with a new generation, the first included. */
  readonly renewed: number;
  /** Jobs that another instance was faster at, or where nothing was to be done. */
  readonly skipped: number;
  /** Jobs put off after a failure. */
  readonly failed: number;
  /** Jobs whose issuer is still at work: they are resumed when it says. */
  readonly pending: number;
  /** Jobs that were not due after all: by the scheduler's policy, the issuer's window or its budget. */
  readonly postponed: number;
  /** Warnings of certificates that end without a successor. */
  readonly warned: number;
  /** Chores that ran, and how many of them failed. */
  readonly chores: { readonly ran: number; readonly failed: number };
  /** When the next job or chore is due; left out where there is none. */
  readonly nextDueAt?: Date;
}

/** What one job came to. */
export type JobResult = 'renewed' | 'skipped' | 'failed' | 'pending' | 'postponed' | 'warned';

/** How many jobs came to what. */
export type JobCounts = Record<JobResult, number>;

/** Makes counts that are all zero. */
export function noJobs(): JobCounts {
  return { renewed: 0, skipped: 0, failed: 0, pending: 0, postponed: 0, warned: 0 };
}

/** Adds counts up. */
export function sumOf(counts: readonly JobCounts[]): JobCounts {
  const sum = noJobs();
  for (const each of counts) {
    for (const result of Object.keys(sum) as JobResult[]) sum[result] += each[result];
  }
  return sum;
}

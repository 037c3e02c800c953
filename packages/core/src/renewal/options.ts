import { z } from 'zod';
import type { RenewalPolicy } from '../certificates/renewal-due.ts';
import { InvalidInputError } from '../errors/families.ts';
import { invalidArgument } from '../errors/from-issues.ts';
import { requireObject } from '../errors/require-object.ts';
import type { Clock } from '../ports/clock.ts';
import type { CryptoProvider } from '../ports/crypto.ts';
import type { Logger } from '../ports/logger.ts';
import type { MaintenanceTask } from '../ports/maintenance.ts';
import type { RenewalSource } from '../ports/renewal-source.ts';
import type { StorageBackend } from '../ports/storage.ts';
import type { Timer } from '../ports/timer.ts';

/** How many renewals an issuer is asked for within a time, by all instances together. */
export interface IssuerBudget {
  /** At least 1. */
  readonly limit: number;
  /** Milliseconds. */
  readonly periodMs: number;
}

/** What failed, for `onError`. */
export interface RenewalProblem {
  /** The certificate whose renewal failed. */
  readonly certificateId?: string;
  /** Its issuer, or the one whose jobs could not be read. */
  readonly issuer?: string;
  /** The chore that failed. */
  readonly task?: string;
}

/** What a `RenewalScheduler` works with. At least one of `certificates` and `maintain` gives it something to do. */
export interface RenewalSchedulerOptions {
  /** Whose certificates are renewed: a `CertificateManager`. */
  readonly certificates?: RenewalSource;
  /** Where the leases of chores are kept. Default: the storage of `certificates`. */
  readonly storage?: StorageBackend;
  /** Chores of managers and storages. Of several with one name the first is run. */
  readonly maintain?: readonly MaintenanceTask[];
  /** How often work is looked for, in milliseconds, a second to a day. Default a minute. What is known to be due sooner is done sooner. */
  readonly checkIntervalMs?: number;
  /** How many renewals run at once in this instance, 1 to 256. Default 8. */
  readonly concurrency?: number;
  /** After what time others take over from an instance that has died or is paused, in milliseconds, a second to an hour. Default 2 minutes. */
  readonly leaseMs?: number;
  /** How long one renewal may take, in milliseconds, a second to a day. Default 15 minutes. */
  readonly attemptMs?: number;
  /**
   * Puts renewals off, compared with the manager's `renewalPolicy`, which says when jobs come up at all. Default: when the manager says. What
   * an issuer's window says goes before both.
   */
  readonly policy?: RenewalPolicy;
  /**
   * How many days before its end a certificate that nothing renews is warned of, each at most 365. A life of less than 90 days counts in
   * proportion. Default 30 and 7.
   */
  readonly warnDays?: readonly number[];
  /** By issuer. Without one an issuer is asked as fast as `concurrency` allows. */
  readonly budgets?: Readonly<Record<string, IssuerBudget>>;
  /** Told of every failure, besides the logger. What it throws is ignored. */
  readonly onError?: (error: unknown, problem: RenewalProblem) => void;
  readonly clock?: Clock;
  readonly crypto?: CryptoProvider;
  readonly logger?: Logger;
  /** Waits between runs, and for leases to be extended. Default: the runtime's timer. */
  readonly timer?: Timer;
}

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const DAY = 24 * HOUR;
const duration = (min: number, max: number) => z.number().int().min(min).max(max);
const fraction = z.number().min(0.1).max(0.95).optional();
const callable = z.custom<unknown>((value) => typeof value === 'function', 'expected a function').optional();

const schema = z.object({
  checkIntervalMs: duration(SECOND, DAY).default(60 * SECOND),
  concurrency: z.number().int().min(1).max(256).default(8),
  leaseMs: duration(SECOND, HOUR).default(120 * SECOND),
  attemptMs: duration(SECOND, DAY).default(900 * SECOND),
  policy: z
    .object({ fraction, shortLivedFraction: fraction, jitter: z.number().min(0).max(0.5).optional() })
    .optional(),
  warnDays: z.array(z.number().positive().max(365)).max(10).default([30, 7]),
  budgets: z
    .record(
      z.string(),
      z.object({ limit: z.number().int().min(1).max(1_000_000), periodMs: duration(SECOND, 365 * DAY) }),
    )
    .default({}),
  onError: callable,
  timer: callable,
});

/** The options that have a range, with what counts where one was left out. */
export interface RenewalSettings {
  readonly checkIntervalMs: number;
  readonly concurrency: number;
  readonly leaseMs: number;
  readonly attemptMs: number;
  readonly warnDays: readonly number[];
  readonly budgets: Readonly<Record<string, IssuerBudget>>;
}

const SOURCE_METHODS = [
  'renewalDue',
  'queues',
  'claimJobs',
  'renew',
  'extendLease',
  'postpone',
  'renewalWindow',
  'renewAllBefore',
  'nextDueAt',
] as const;
const NAME_LENGTH = 200;

/** @throws {InvalidInputError} INVALID_ARGUMENT: names the option that is missing, malformed or out of range */
export function checkOptions(options: RenewalSchedulerOptions): RenewalSettings {
  requireObject(options, 'RenewalScheduler options');
  const { certificates, storage, maintain = [] } = options;
  if (certificates !== undefined) {
    requireObject(certificates, 'certificates');
    for (const method of SOURCE_METHODS) {
      if (typeof certificates[method] !== 'function')
        throw invalid(`certificates must be a certificate manager: it has no method ${method}`);
    }
  }
  if (storage !== undefined || certificates === undefined) requireObject(storage, 'storage');
  if (!Array.isArray(maintain)) throw invalid('maintain must be a list of chores');
  for (const [at, task] of maintain.entries()) checkTask(task, at);
  const checked = schema.safeParse(options);
  if (!checked.success) throw invalidArgument('RenewalScheduler options', checked.error.issues);
  for (const issuer of Object.keys(checked.data.budgets)) {
    const known = certificates?.queues() ?? [];
    if (!known.includes(issuer))
      throw invalid(`budgets: ${JSON.stringify(issuer.slice(0, 64))} is none of the issuers ${known.join(', ')}`);
  }
  return checked.data;
}

function checkTask(task: unknown, at: number): void {
  requireObject(task, `maintain[${at}]`);
  const { name, run } = task as Partial<MaintenanceTask>;
  if (typeof name !== 'string' || name === '' || name.length > NAME_LENGTH) {
    throw invalid(`maintain[${at}].name must be a text of 1 to ${NAME_LENGTH} characters`);
  }
  if (typeof run !== 'function') throw invalid(`maintain[${at}].run must be a function`);
}

function invalid(message: string): InvalidInputError {
  return new InvalidInputError('INVALID_ARGUMENT', message);
}

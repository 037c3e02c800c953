import type { Abortable } from './abortable.ts';
import type { StorageBackend } from './storage.ts';

/** A window in which an issuer suggests renewal (RFC 9773). Epoch milliseconds. */
export interface RenewalWindow {
  readonly start: number;
  readonly end: number;
  /** When to ask the issuer again. */
  readonly retryAt: number;
}

/** Why a job is there: what {@link RenewalSource.renew} would do, or, for `warning`, that nobody renews this certificate. */
export type RenewalJobReason = 'first-issue' | 'renewal' | 'resume' | 'warning';

/** One certificate's turn, leased to one holder. Instants are epoch milliseconds. */
export interface RenewalJob {
  readonly certificateId: string;
  /** The queue it is in; `''` where no issuer renews it. */
  readonly issuer: string;
  /** The generation in force, counted from 1; 0 before the first. */
  readonly generation: number;
  /** The fence: stays the same while the lease is held and extended, and fits nothing once another has claimed or changed the job. */
  readonly version: string;
  /** When it was due before it was claimed, as far as that is known: else when the lease ends. */
  readonly dueAt: number;
  /** Failures in a row. */
  readonly attempts: number;
  /** Of the generation in force; both 0 before the first. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly autoRenew: boolean;
  readonly reason: RenewalJobReason;
  /** Ordered by `renewAllBefore`: due whatever a policy or a window says. */
  readonly replaceBefore?: number;
  /** The window of the generation in force, as the issuer gave it last. */
  readonly ari?: RenewalWindow;
  /** The tiers, in days, that were warned of for the generation in force. */
  readonly warned: readonly number[];
}

/** What {@link RenewalSource.renew} came to. In each case the job is put off, or gone, already. */
export type RenewalOutcome =
  | {
      /** `skipped`: another was faster, or nothing is to be done. */
      readonly outcome: 'renewed' | 'skipped';
      readonly nextDueAt?: number;
    }
  | { readonly outcome: 'pending'; readonly retryAt: number };

/** Why a job did not succeed. Neither text holds a secret. */
export interface RenewalFailure {
  readonly code: string;
  readonly message: string;
  /** When the issuer wants to be asked again, epoch milliseconds. */
  readonly retryAfter?: number;
}

/** A certificate that comes near its end without a successor. */
export interface ExpiryWarning {
  /** How many days before the end this is, as configured: each tier is told once a generation. */
  readonly tier: number;
  readonly notAfter: number;
}

/** How a job is put off. */
export interface PostponeOptions extends Abortable {
  readonly dueAt: number;
  /** Counted in `attempts`, and told by the event `certificate.renewal_failed`. */
  readonly failure?: RenewalFailure;
  /** Told by the event `certificate.expiring`, and remembered in `warned`. */
  readonly warning?: ExpiryWarning;
}

/** What a renewal scheduler asks of the certificates' manager. */
export interface RenewalSource {
  readonly storage: StorageBackend;

  /**
   * The queues of the jobs: the issuers' names, and `''` for certificates that no issuer renews. With the latter come those of an issuer that is
   * known to nobody, once they have been left for a day.
   */
  queues(): readonly string[];

  /**
   * Leases due jobs of one queue, each to one holder, most urgent first.
   *
   * @param options.leaseMs milliseconds, from when on others may claim them
   */
  claimJobs(options: {
    readonly queue: string;
    readonly limit: number;
    readonly leaseMs: number;
  }): Promise<RenewalJob[]>;

  /**
   * Does the job's work: asks the issuer and switches the generation, or resumes what is pending. A holder whose lease is lost
   * changes nothing and gets `skipped`.
   *
   * @throws {ChanceryError} what the issuer refused or failed with; the lease is still held, so `postpone` the job. Where the first issue was
   *   refused for good the certificate is `failed` and its job gone, which `postpone` takes without complaint
   */
  renew(job: RenewalJob, options?: Abortable): Promise<RenewalOutcome>;

  /**
   * Keeps a lease while work runs, that of `renew` included.
   *
   * @param leaseMs milliseconds from the present
   * @returns the job, with the same fence; undefined: the lease is lost, or the job done
   */
  extendLease(job: RenewalJob, leaseMs: number): Promise<RenewalJob | undefined>;

  /** Puts the job off and ends the lease, with the events in the same commit. Without the lease it does nothing. */
  postpone(job: RenewalJob, options: PostponeOptions): Promise<void>;

  /** When the manager's own policy renews the certificate of a job, by its age alone. Epoch milliseconds. */
  renewalDue(job: RenewalJob): number;

  /**
   * Asks the issuer for its window (RFC 9773), which is remembered with the generation and dropped at the next.
   *
   * @returns undefined where the issuer gives none
   * @throws {ChanceryError} what the issuer failed with
   */
  renewalWindow(job: RenewalJob, options?: Abortable): Promise<RenewalWindow | undefined>;

  /**
   * Makes every certificate due that was issued before an instant, a page at a time. Repeating it is harmless.
   *
   * @param options.instant epoch milliseconds
   * @param options.issuer those of one queue only
   * @param options.limit how many to look at, 1 to 1,000
   * @param options.cursor from the call before
   * @returns how many were moved; without a `cursor` it was the last page
   */
  renewAllBefore(
    options: {
      readonly instant: number;
      readonly issuer?: string;
      readonly limit: number;
      readonly cursor?: string;
    } & Abortable,
  ): Promise<{ readonly moved: number; readonly cursor?: string }>;

  /** When the next job of any queue is due, epoch milliseconds: leases that run out included. */
  nextDueAt(options?: Abortable): Promise<number | undefined>;
}

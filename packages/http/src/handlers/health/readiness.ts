import { ChanceryError, type Clock, type Logger, type StorageBackend, type Timer } from '@chancery/core';

/** Looks whether something works. It resolves where it does; what it resolves with goes into the answer. */
export type ReadinessCheck = (
  signal: AbortSignal,
) => Promise<Readonly<Record<string, string | number | boolean>> | void>;

/** Checks by the name of what they look at. */
export type ReadinessChecks = Readonly<Record<string, ReadinessCheck>>;

/** What was found of one thing. */
export interface CheckOutcome {
  readonly status: 'ok' | 'unavailable';
  readonly [fact: string]: string | number | boolean;
}

/** What was found of all of them. */
export interface ReadinessReport {
  readonly status: 'ok' | 'unavailable';
  readonly checks: Readonly<Record<string, CheckOutcome>>;
}

/** What `Readiness` works with. */
export interface ReadinessOptions {
  readonly checks: ReadinessChecks;
  readonly clock: Clock;
  readonly timer: Timer;
  readonly logger: Logger | undefined;
}

const TIMEOUT_MS = 2_000;
const KEPT_MS = 1_000;

/** Looks whether everything that requests stand on works: at most once a second, however many ask. */
export class Readiness {
  readonly #options: ReadinessOptions;
  #latest: { readonly at: number; readonly report: Promise<ReadinessReport> } | undefined;

  constructor(options: ReadinessOptions) {
    this.#options = options;
  }

  report(): Promise<ReadinessReport> {
    const now = this.#options.clock.now();
    if (this.#latest === undefined || Math.abs(now - this.#latest.at) >= KEPT_MS) {
      this.#latest = { at: now, report: this.#look() };
    }
    return this.#latest.report;
  }

  async #look(): Promise<ReadinessReport> {
    const entries = Object.entries(this.#options.checks);
    const outcomes = await Promise.all(
      entries.map(async ([name, check]) => [name, await this.#outcome(name, check)] as const),
    );
    const isReady = outcomes.every(([, { status }]) => status === 'ok');
    return { status: isReady ? 'ok' : 'unavailable', checks: Object.fromEntries(outcomes) };
  }

  /** Why it does not work is for the log: a health check is public. */
  async #outcome(name: string, check: ReadinessCheck): Promise<CheckOutcome> {
    const { timer, logger } = this.#options;
    const limit = new AbortController();
    let cancel: () => void = () => undefined;
    const late = new Promise<never>((_, reject) => {
      cancel = timer(TIMEOUT_MS, () => reject(new Error(`no answer within ${TIMEOUT_MS} ms`)));
    });
    late.catch(() => undefined);
    try {
      return { ...(await Promise.race([check(limit.signal), late])), status: 'ok' };
    } catch (error) {
      logger?.warn('A readiness check failed', { check: name, error });
      return { status: 'unavailable', ...(error instanceof ChanceryError ? { code: error.code } : {}) };
    } finally {
      cancel();
      limit.abort();
    }
  }
}

/** The storage answers and takes writes. */
export function storageCheck(storage: StorageBackend): ReadinessCheck {
  return async () => {
    const { writable, latencyMs } = await storage.health();
    if (!writable) throw new Error('the storage takes no writes');
    return { latencyMs };
  };
}

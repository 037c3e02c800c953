import { ChanceryError } from '../../errors/chancery-error.ts';
import { StorageError } from '../../errors/storage-error.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';

/** How old what is known may be before it is asked for again, in milliseconds; two checks, where those take longer. */
const FRESH_MS = 1_000;

/** Whether the storage tells what is served at present, and so how much what is known counts. */
export class Freshness {
  readonly #clock: Clock;
  readonly #logger: Logger | undefined;
  readonly #freshMs: number;
  #staleSince: number | undefined;

  /** @param checkIntervalMs how often names in demand are checked, in milliseconds */
  constructor(clock: Clock, logger: Logger | undefined, checkIntervalMs: number) {
    this.#clock = clock;
    this.#logger = logger;
    this.#freshMs = Math.max(FRESH_MS, 2 * checkIntervalMs);
  }

  /** Since when nothing could be read, in epoch milliseconds; undefined: it can. */
  get staleSince(): number | undefined {
    return this.#staleSince;
  }

  /** Whether what was learned then still counts: for two checks, a second at least, and for as long as nothing newer can be had. */
  counts(checkedAt: number): boolean {
    if (this.#staleSince !== undefined) return true;
    const age = this.#clock.now() - checkedAt;
    return age >= 0 && age <= this.#freshMs;
  }

  /** A read succeeded. */
  succeeded(): void {
    if (this.#staleSince === undefined) return;
    this.#staleSince = undefined;
    this.#logger?.info('Certificates can be read again, and what is served is current');
  }

  /** A read failed, or took too long. */
  failed(error: unknown): void {
    if (this.#staleSince !== undefined) return;
    this.#staleSince = this.#clock.now();
    this.#logger?.error('Certificates cannot be read: what was loaded before is served on, as it was', {
      error: codeOf(error),
    });
  }
}

/** Whether an error is about the certificate that was to be read, as where its key does not open, and not about reading at all. */
export function isAboutOne(error: unknown): boolean {
  if (error instanceof StorageError) return error.code === 'STORAGE_CORRUPT';
  return error instanceof ChanceryError && error.code !== 'ABORTED';
}

/** What a log line says of an error: its code or its kind, never its message. */
export function codeOf(error: unknown): string {
  if (error instanceof ChanceryError) return error.code;
  return error instanceof Error ? error.name : typeof error;
}

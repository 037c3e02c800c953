import type { Clock } from '../../ports/clock.ts';
import type { Timer } from '../../ports/timer.ts';
import { wildcardOf } from '../server-name.ts';
import type { Freshness } from './freshness.ts';
import type { ServedName } from './served-name.ts';
import type { ServedNames } from './served-names.ts';

/** How many names are checked in one read. */
const BATCH = 500;
/** How many names without a certificate of their own are checked in one go. */
const MOST_ABSENT = 500;

/** What the checks are made with. */
export interface VersionChecksOptions {
  readonly names: ServedNames;
  readonly freshness: Freshness;
  /** In milliseconds. */
  readonly intervalMs: number;
  readonly clock: Clock;
  readonly timer: Timer;
}

/**
 * Checks the names in demand at short intervals, all in one read, so that a handshake finds what is known fresh and need not wait,
 * and a change is noticed even where no notice of it comes. While nobody connects nothing is read, and no timer runs.
 */
export class VersionChecks {
  readonly #options: VersionChecksOptions;
  #callOff: (() => void) | undefined;
  #isOver = false;
  #lastAt: number;

  constructor(options: VersionChecksOptions) {
    this.#options = options;
    this.#lastAt = options.clock.now();
  }

  /** A name was used: there will be a check. */
  used(): void {
    if (this.#callOff !== undefined || this.#isOver) return;
    this.#callOff = this.#options.timer(this.#options.intervalMs, () => void this.#check());
  }

  stop(): void {
    this.#isOver = true;
    this.#callOff?.();
  }

  async #check(): Promise<void> {
    const { names, clock } = this.#options;
    const due = this.#due();
    this.#lastAt = clock.now();
    for (let at = 0; at < due.length; at += BATCH) await names.refreshAll(due.slice(at, at + BATCH));
    this.#callOff = undefined;
  }

  #due(): ServedName[] {
    const { names, freshness } = this.#options;
    const { table } = names;
    const wanted = ({ usedAt }: ServedName) => usedAt >= this.#lastAt;
    // Of the names without a certificate only those that a wildcard serves: the others may be anybody's invention. While nothing can be
    // read they are asked about as well, or nobody would find out that it can be again.
    const isStale = freshness.staleSince !== undefined;
    const absent = [...table.absent()].filter((entry) => wanted(entry) && (isStale || isCovered(entry.name)));
    return [...[...table.served()].filter(wanted), ...absent.slice(-MOST_ABSENT)];

    function isCovered(name: string): boolean {
      const wildcard = wildcardOf(name);
      return wildcard !== undefined && table.peek(wildcard)?.version !== undefined;
    }
  }
}

import type { Clock } from '../../ports/clock.ts';
import type { StorageBackend } from '../../ports/storage.ts';
import type { VirtualClock } from '../virtual-clock.ts';
import { claimTests } from './claim.ts';
import { closingTests } from './closing.ts';
import { commitTests } from './commit.ts';
import { concurrencyTests } from './concurrency.ts';
import { expiryTests } from './expiry.ts';
import { historyTests } from './histories.ts';
import { instanceTests } from './instances.ts';
import { limitTests } from './limits.ts';
import { openTests } from './open.ts';
import { pagingTests } from './paging.ts';
import { queryTests } from './query.ts';
import { randomOperationTests } from './random-operations.ts';
import { refusalTests } from './refusals.ts';
import { type ConformanceTest, TestBed } from './test-bed.ts';
import { throttleTests } from './throttle.ts';
import { uniqueTests } from './unique.ts';
import { valueTests } from './values.ts';
import { watchTests } from './watch.ts';

/** What a factory is told: where the backend keeps its data, and what time it is there. */
export interface BackendRequest {
  /**
   * Matches `[a-z][a-z0-9_]{0,39}`. The first call with a name gets an empty backend; a further one an instance on the same
   * data, whether or not the earlier ones were closed. Names repeat from run to run: an adapter that outlives
   * the process maps them to fresh places, or empties them in `cleanUp`.
   */
  readonly namespace: string;
  /** Replaces the server's clock. */
  readonly clock: Clock;
}

/** What the kit needs of an adapter's tests. */
export interface StorageConformanceOptions {
  /** The caller's own test function: `it` of vitest, `test` of node:test. Give slow backends their time-out here. */
  readonly test: (name: string, run: () => Promise<void>) => unknown;
  readonly createBackend: (request: BackendRequest) => StorageBackend | Promise<StorageBackend>;
  /** The time that the backends live by. The kit moves it. */
  readonly clock: VirtualClock;
  /** Drops what a test left, after its backends were closed. */
  readonly cleanUp?: (namespace: string) => unknown;
  /**
   * Makes the stored layout look as if a later version of the adapter had written it. Without it the refusal of newer
   * schemas is skipped, and said to be.
   */
  readonly storeNewerLayout?: (namespace: string) => unknown;
  /** Where the random parts begin. Every failure of theirs names it. Default 1. */
  readonly seed?: number;
  /** How long the random parts are, as a factor. Default 1, which is some thousand operations. */
  readonly scale?: number;
  /** Told of every test that had to leave something out, and why. Default: a line on the console. */
  readonly onSkip?: (test: string, reason: string) => void;
}

/** Every test of the contract, by the rule that it checks. */
const TESTS: readonly ConformanceTest[] = [
  ...commitTests,
  ...concurrencyTests,
  ...historyTests,
  ...claimTests,
  ...expiryTests,
  ...queryTests,
  ...pagingTests,
  ...uniqueTests,
  ...throttleTests,
  ...valueTests,
  ...limitTests,
  ...openTests,
  ...watchTests,
  ...refusalTests,
  ...closingTests,
  ...instanceTests,
  ...randomOperationTests,
];

/**
 * Registers a test for every rule of the storage contract. An adapter whose tests pass works under the whole SDK.
 *
 * @example
 * const clock = new VirtualClock();
 * const database = new MemoryDatabase();
 * storageConformance({ test: it, clock, createBackend: (request) => new MemoryStorage({ ...request, database }) });
 */
export function storageConformance(options: StorageConformanceOptions): void {
  for (const [number, { name, run }] of TESTS.entries()) {
    options.test(`storage: ${name}`, async () => {
      const bed = new TestBed({ ...options, name, namespace: `kit_${number + 1}` });
      try {
        await run(bed);
      } finally {
        await bed.dispose();
      }
    });
  }
}

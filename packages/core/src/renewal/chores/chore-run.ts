import type { MaintenanceTask } from '../../ports/maintenance.ts';
import type { RenewalContext, RunControl } from '../context.ts';
import { BrokenOffError, underLease } from '../leases/hold-lease.ts';
import { ChoreLease } from './chore-lease.ts';

const SECOND = 1_000;
const DAY = 86_400 * SECOND;
const FIRST_BACKOFF = 10 * SECOND;
const LONGEST_BACKOFF = 3_600 * SECOND;
/** How many items a chore treats in one go. */
const ITEMS_A_RUN = 500;
/** How often a chore that has more to do is run in one turn. */
const RUNS_A_TURN = 100;
/** A chore that is due at once although nothing is waiting does not spin. */
const SHORTEST_PAUSE = 10;

/** What the turn of one chore came to. */
export interface ChoreEnd {
  /** `left`: another instance has the turn, or this one was told to end. */
  readonly outcome: 'done' | 'failed' | 'left';
  /** When it is worth another look, epoch milliseconds. */
  readonly dueAt: number;
}

/** Runs a chore that is due, unless another instance does. What fails is put off and never thrown. */
export async function runChore(context: RenewalContext, task: MaintenanceTask, control: RunControl): Promise<ChoreEnd> {
  const { clock, leaseMs, report } = context;
  try {
    const lease = await ChoreLease.claim(context, task.name);
    if (lease === undefined) return { outcome: 'left', dueAt: clock.now() + leaseMs };
    return await takeTurn(context, task, lease, control);
  } catch (error) {
    // The storage failed: the lease, if there is one, runs out by itself.
    report(error, { task: task.name });
    return { outcome: 'failed', dueAt: clock.now() + FIRST_BACKOFF };
  }
}

async function takeTurn(
  context: RenewalContext,
  task: MaintenanceTask,
  lease: ChoreLease,
  control: RunControl,
): Promise<ChoreEnd> {
  const { clock, leaseMs, report } = context;
  const end = async (outcome: ChoreEnd['outcome'], failures: number, pauseMs: number): Promise<ChoreEnd> => {
    const now = clock.now();
    await lease.end({ failures, ranAt: now }, pauseMs);
    return { outcome, dueAt: now + pauseMs };
  };
  try {
    const nextDueAt = await work(context, task, lease, control);
    return await end('done', 0, Math.max(0, Math.ceil(nextDueAt) - clock.now()));
  } catch (error) {
    const why = error instanceof BrokenOffError ? error.why : undefined;
    if (why === 'aborted') return end('left', lease.failures, 0);
    report(error, { task: task.name });
    if (why === 'lease-lost') return { outcome: 'failed', dueAt: clock.now() + leaseMs };
    return end(
      'failed',
      lease.failures + 1,
      Math.min(FIRST_BACKOFF * 2 ** Math.min(lease.failures, 16), LONGEST_BACKOFF),
    );
  }
}

/** @returns when the chore is due again, epoch milliseconds */
async function work(
  context: RenewalContext,
  task: MaintenanceTask,
  lease: ChoreLease,
  { halt, breakOff }: RunControl,
): Promise<number> {
  const { clock, timer, leaseMs, attemptMs: limitMs } = context;
  const held = { leaseMs, until: lease.until, extend: () => lease.extend() };
  return underLease(held, { clock, timer, limitMs, stop: breakOff }, async (signal) => {
    for (let runs = 1; ; runs++) {
      const { more, nextDueAt } = await task.run({ limit: ITEMS_A_RUN, signal });
      const now = clock.now();
      // `more` without progress, as when another instance is at it, says with nextDueAt when to come again.
      if (!more || nextDueAt > now) return within(nextDueAt, now + SHORTEST_PAUSE, now + DAY);
      if (halt.isCalled || runs === RUNS_A_TURN) return now;
    }
  });
}

/** An instant within bounds; what is no number is the last of them. */
function within(instant: number, earliest: number, latest: number): number {
  return instant <= latest ? Math.max(instant, earliest) : latest;
}

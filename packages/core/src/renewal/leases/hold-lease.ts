import { ChanceryError } from '../../errors/chancery-error.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Timer } from '../../ports/timer.ts';
import { untilAborted } from '../../store/until-aborted.ts';
import type { Stop } from '../stop.ts';

/** A lease that some work needs for as long as it runs. */
export interface HeldLease {
  readonly leaseMs: number;
  /** Until when it lasts without being extended, epoch milliseconds. */
  readonly until: number;
  /** Extends it by `leaseMs` from the present. @returns false once it is lost */
  extend(): Promise<boolean>;
}

/** How long the work may take, and what ends it early. */
export interface HoldOptions {
  readonly clock: Clock;
  readonly timer: Timer;
  /** Milliseconds. */
  readonly limitMs: number;
  readonly stop?: Stop;
}

/** Why work was broken off. */
export type BrokenOff = 'lease-lost' | 'time-limit' | 'aborted';

/** Work that was told to end, and is no longer waited for. */
export class BrokenOffError extends ChanceryError {
  readonly why: BrokenOff;

  constructor(why: BrokenOff, message: string, cause?: unknown) {
    super('ABORTED', message, cause === undefined ? {} : { cause });
    this.why = why;
  }
}

/**
 * Runs work under a lease that is extended for as long as it takes. Once the lease is lost or has run out, or the time is over, the work
 * is told to end and waited for no longer: whatever it still commits meets the fence.
 *
 * @throws {BrokenOffError} ABORTED: `why` says for which reason
 */
export async function underLease<T>(
  lease: HeldLease,
  { clock, timer, limitMs, stop }: HoldOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const calls = new Set<() => void>();
  let { until } = lease;
  let over = false;

  const after = (ms: number, callback: () => void): void => {
    const callOff = timer(ms, () => {
      calls.delete(callOff);
      callback();
    });
    calls.add(callOff);
  };
  const end = (why: BrokenOff, message: string, cause?: unknown): void =>
    controller.abort(new BrokenOffError(why, message, cause));
  const extend = async (): Promise<void> => {
    const from = clock.now();
    let held: boolean | undefined;
    try {
      held = await lease.extend();
    } catch {
      // The storage may be back before the lease has run out.
    }
    if (over) return;
    if (held) until = from + lease.leaseMs;
    if (held === false || clock.now() >= until) end('lease-lost', 'The lease was lost while the work ran');
    else scheduleExtension();
  };
  const scheduleExtension = (): void => {
    // Of a clock that was set back, more seems to be left than there ever was.
    const left = Math.min(until - clock.now(), lease.leaseMs);
    after(Math.max(0, Math.ceil(left / 3)), () => {
      void extend();
    });
  };
  const onStop = (): void => end('aborted', 'The work was broken off', stop?.reason);

  if (stop?.isCalled) throw new BrokenOffError('aborted', 'The work was broken off', stop.reason);
  const stopListening = stop?.onCall(onStop);
  scheduleExtension();
  after(limitMs, () => end('time-limit', `The work took longer than ${limitMs} ms`));
  try {
    return await untilAborted(work(controller.signal), controller.signal);
  } finally {
    over = true;
    for (const callOff of calls) callOff();
    stopListening?.();
  }
}

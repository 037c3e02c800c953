import type { Timer } from '../../../src/index.ts';
import type { VirtualClock } from '../../../src/testing/virtual-clock.ts';

interface Wait {
  readonly at: number;
  readonly callback: () => void;
}

/** A timer on a virtual clock: what waits goes off when the clock is moved past it. */
export interface HandTimer {
  readonly timer: Timer;
  /** How many wait. */
  readonly size: number;
  /** When the next goes off, epoch milliseconds. */
  readonly next: number | undefined;
  /** Moves the clock to an instant, and lets everything go off on the way, in order. */
  advanceTo(instant: number): Promise<void>;
}

/** Lets everything that can go on without a timer go on. */
export async function settle(turns = 20): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}

export function handTimer(clock: VirtualClock): HandTimer {
  const waits = new Set<Wait>();
  const first = () => [...waits].sort((a, b) => a.at - b.at)[0];
  return {
    timer: (ms, callback) => {
      const wait = { at: clock.now() + ms, callback };
      waits.add(wait);
      return () => waits.delete(wait);
    },
    get size() {
      return waits.size;
    },
    get next() {
      return first()?.at;
    },
    async advanceTo(instant) {
      await settle();
      for (let wait = first(); wait !== undefined && wait.at <= instant; wait = first()) {
        waits.delete(wait);
        clock.set(Math.max(clock.now(), wait.at));
        wait.callback();
        await settle();
      }
      clock.set(Math.max(clock.now(), instant));
    },
  };
}

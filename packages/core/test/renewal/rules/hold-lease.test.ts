import { describe, expect, it } from 'vitest';
import { BrokenOffError, underLease } from '../../../src/renewal/leases/hold-lease.ts';
import { Stop } from '../../../src/renewal/stop.ts';
import { VirtualClock } from '../../../src/testing/virtual-clock.ts';
import { handTimer, settle } from '../support/hand-timer.ts';

const LEASE = 120_000;
const LIMIT = 3_600_000;

/** Work that ends when it is told to, under a lease that answers as it is told to. */
function held(answers: (boolean | Error)[] = [], options: { stop?: Stop; limitMs?: number } = {}) {
  const clock = new VirtualClock();
  const timer = handTimer(clock);
  const begun = clock.now();
  const extensions: number[] = [];
  let finish: (value: string) => void = () => undefined;
  let told: AbortSignal | undefined;
  const lease = {
    leaseMs: LEASE,
    until: begun + LEASE,
    extend: async () => {
      extensions.push(clock.now() - begun);
      const answer = answers.shift() ?? true;
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
  const run = underLease(lease, { clock, timer: timer.timer, limitMs: LIMIT, ...options }, (signal) => {
    told = signal;
    return new Promise<string>((resolve) => {
      finish = resolve;
    });
  });
  const outcome = run.then(
    (value) => value,
    (error: unknown) => (error instanceof BrokenOffError ? error.why : error),
  );
  return { timer, begun, extensions, outcome, finish: (value: string) => finish(value), told: () => told };
}

describe('work under a lease', () => {
  it('has its lease extended each third of it, as long as it runs, and leaves no timer behind', async () => {
    const { timer, begun, extensions, outcome, finish } = held();
    await timer.advanceTo(begun + 2 * LEASE);
    expect(extensions).toEqual([40_000, 80_000, 120_000, 160_000, 200_000, 240_000]);
    finish('done');
    expect(await outcome).toBe('done');
    expect(timer.size).toBe(0);
  });

  it('is told to end, and waited for no longer, once the lease is lost', async () => {
    const { timer, begun, outcome, told } = held([true, false]);
    await timer.advanceTo(begun + 80_000);
    expect(await outcome).toBe('lease-lost');
    expect(told()?.aborted).toBe(true);
    expect(timer.size).toBe(0);
  });

  it('outlives a storage that is gone for less than the lease, and not one that is gone for longer', async () => {
    const gone = new Error('gone');
    const short = held([gone, gone]);
    await short.timer.advanceTo(short.begun + LEASE);
    expect(short.extensions.length).toBeGreaterThan(2);
    short.finish('done');
    expect(await short.outcome).toBe('done');
    const long = held(Array.from({ length: 1_000 }, () => gone));
    await long.timer.advanceTo(long.begun + LEASE + 1);
    expect(await long.outcome).toBe('lease-lost');
    expect(long.timer.size).toBe(0);
  });

  it('has its lease extended as often, where the clock is set back', async () => {
    const clock = new VirtualClock();
    const waits: { readonly ms: number; readonly callback: () => void }[] = [];
    const lease = {
      leaseMs: LEASE,
      until: clock.now() + LEASE,
      extend: async () => {
        clock.set(clock.now() - 3_600_000);
        return true;
      },
    };
    const timer = (ms: number, callback: () => void) => {
      waits.push({ ms, callback });
      return () => undefined;
    };
    void underLease(lease, { clock, timer, limitMs: LIMIT }, () => new Promise(() => undefined));
    waits[0]?.callback();
    await settle();
    expect(waits.map(({ ms }) => ms)).toEqual([LEASE / 3, LIMIT, LEASE / 3]);
  });

  it('is broken off when its time is over', async () => {
    const { timer, begun, outcome } = held([], { limitMs: 60_000 });
    await timer.advanceTo(begun + 59_999);
    await settle();
    await timer.advanceTo(begun + 60_000);
    expect(await outcome).toBe('time-limit');
  });

  it('is broken off by its stop, and is not begun when that was called before', async () => {
    const stop = new Stop();
    const { outcome, told } = held([], { stop });
    stop.call();
    expect(await outcome).toBe('aborted');
    expect(told()?.aborted).toBe(true);
    const late = held([], { stop });
    expect(await late.outcome).toBe('aborted');
    expect(late.told()).toBeUndefined();
    expect(late.timer.size).toBe(0);
  });

  it('fails as it fails', async () => {
    const clock = new VirtualClock();
    const timer = handTimer(clock);
    const lease = { leaseMs: LEASE, until: clock.now() + LEASE, extend: async () => true };
    const failing = underLease(lease, { clock, timer: timer.timer, limitMs: LIMIT }, async () => {
      throw new RangeError('its own');
    });
    await expect(failing).rejects.toThrow(RangeError);
    expect(timer.size).toBe(0);
  });
});

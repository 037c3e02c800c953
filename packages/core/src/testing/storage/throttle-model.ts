import type { ThrottleDecision, ThrottleRequest } from '../../ports/storage.ts';

/** A theoretical arrival time: milliseconds as a fraction over the limit, kept exact. */
interface Arrival {
  readonly numerator: bigint;
}

/** GCRA as its textbook says it, with the theoretical arrival time in exact fractions. The oracle for `throttle`. */
export class ThrottleModel {
  readonly #arrivals = new Map<string, Arrival>();

  throttle(requests: readonly ThrottleRequest[], now: number): ThrottleDecision {
    const planned = requests.map((request) => this.#plan(request, now));
    const retryAfterMs = Math.max(0, ...planned.map(({ wait }) => wait));
    const allowed = retryAfterMs === 0;
    if (allowed) {
      for (const { name, next } of planned) this.#arrivals.set(name, { numerator: next });
    }
    const remaining = planned.map(({ start, next, limit, period }) => {
      const debt = (allowed ? next : start) - BigInt(now) * limit;
      return Number((limit * period - debt) / period);
    });
    return { allowed, retryAfterMs, remaining };
  }

  #plan(request: ThrottleRequest, now: number) {
    const [limit, period, cost] = [BigInt(request.limit), BigInt(request.periodMs), BigInt(request.cost ?? 1)];
    const name = JSON.stringify([request.key, request.limit, request.periodMs]);
    const present = BigInt(now) * limit;
    const stored = this.#arrivals.get(name)?.numerator ?? present;
    // All fractions are over `limit`: the emission interval period / limit is `period`, the tolerance is `period * limit`.
    const start = stored > present ? stored : present;
    const next = start + cost * period > present ? start + cost * period : present;
    const excess = next - (present + period * limit);
    const wait = cost > 0n && excess > 0n ? Number((excess + limit - 1n) / limit) : 0;
    return { name, start, next, limit, period, wait };
  }
}

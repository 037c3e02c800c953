import { decideThrottle, type PreparedThrottle, type ThrottleDecision, type ThrottleMeter } from '@chancery/core/ports';

interface StoredMeter extends ThrottleMeter {
  /** From this instant on the meter is empty, as if it had never been. */
  readonly emptyAt: number;
}

/** The rate limits of a namespace. Empty meters are dropped a few at each call, so that keys of passers-by do not pile up. */
export class ThrottleMeters {
  readonly #meters = new Map<string, StoredMeter>();

  get size(): number {
    return this.#meters.size;
  }

  /** Decides and charges in one synchronous step. */
  throttle(requests: readonly PreparedThrottle[], now: number): ThrottleDecision {
    const stored = requests.map(({ meterKey }) => this.#meters.get(meterKey));
    const { decision, meters } = decideThrottle(requests, stored, now);
    for (const [at, { meterKey, limit }] of requests.entries()) {
      const meter = meters[at];
      if (!decision.allowed) continue;
      if (meter === undefined) this.#meters.delete(meterKey);
      else this.#meters.set(meterKey, { ...meter, emptyAt: meter.at + Math.ceil(meter.level / limit) });
    }
    this.dropEmpty(requests.length + 1, now);
    return decision;
  }

  /** Looks at the next `count` meters in turn: drops the empty ones, and sends the others to the end of the line. */
  dropEmpty(count: number, now: number): void {
    for (let left = Math.min(count, this.#meters.size); left > 0; left--) {
      const [oldest] = this.#meters;
      if (oldest === undefined) return;
      const [key, meter] = oldest;
      this.#meters.delete(key);
      if (meter.emptyAt > now) this.#meters.set(key, meter);
    }
  }
}

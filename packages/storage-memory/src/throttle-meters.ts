import { decideThrottle, type PreparedThrottle, type ThrottleDecision, type ThrottleMeter } from '@chancery/core/ports';

interface StoredMeter extends ThrottleMeter {
  /** From this instant on the meter is empty, as if it had never been. */
  readonly emptyAt: number;
}

/** The rate limits of a namespace. Empty meters are dropped a few at each call, so that keys of passers-by do not pile up. */
export class ThrottleMeters {
  readonly #meters = new Map<string, StoredMeter>();
  /** Where the look for empty meters has come to. */
  #round = this.#meters.entries();

  get size(): number {
    return this.#meters.size;
  }

  /** Decides and charges in one synchronous step. */
  throttle(requests: readonly PreparedThrottle[], now: number): ThrottleDecision {
    const stored = requests.map(({ meterKey }) => this.#meters.get(meterKey));
    const { decision, meters } = decideThrottle(requests, stored, now);
    if (decision.allowed) for (const [at, request] of requests.entries()) this.#store(request, meters[at]);
    this.dropEmpty(requests.length + 1, now);
    return decision;
  }

  /** Looks at the next `count` meters in turn, and drops the empty ones. */
  dropEmpty(count: number, now: number): void {
    for (let left = Math.min(count, this.#meters.size); left > 0; left--) {
      const next = this.#round.next();
      if (next.done === true) {
        this.#round = this.#meters.entries();
        return;
      }
      const [key, { emptyAt }] = next.value;
      if (emptyAt <= now) this.#meters.delete(key);
    }
  }

  #store({ meterKey, limit }: PreparedThrottle, meter: ThrottleMeter | undefined): void {
    if (meter === undefined) {
      this.#meters.delete(meterKey);
      return;
    }
    const { level, at } = meter;
    this.#meters.set(meterKey, { level, at, emptyAt: at + Math.ceil(level / limit) });
  }
}

import type { SeededRandom } from '../random.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** A time in which an issuer cannot be reached. Epoch milliseconds. */
export interface Outage {
  readonly from: number;
  readonly to: number;
}

/** Rare enough that most certificates have a last third without any, for which nothing excuses a lapse. */
const MEAN_GAP = 75 * DAY;

/** When an issuer is down: every ten weeks or so, for hours mostly, and for days now and then. */
export class Outages {
  readonly list: readonly Outage[];

  constructor(random: SeededRandom, { from, to }: Outage) {
    const list: Outage[] = [];
    for (let at = from + draw(random, MEAN_GAP); at < to; at += draw(random, MEAN_GAP)) {
      const lasts = random.chance(0.3) ? random.integer(1, 9 * 24) * HOUR : random.integer(1, 12) * HOUR;
      list.push({ from: at, to: at + lasts });
      at += lasts;
    }
    this.list = list;
  }

  isDown(instant: number): boolean {
    return this.list.some(({ from, to }) => from <= instant && instant < to);
  }

  /** Whether it could be reached all the time. */
  wasReachable({ from, to }: Outage): boolean {
    return this.list.every((outage) => outage.to <= from || to <= outage.from);
  }
}

/** A time of that average length, spread as accidents are. */
export function draw(random: SeededRandom, meanMs: number): number {
  return Math.ceil(-Math.log(1 - random.next()) * meanMs);
}

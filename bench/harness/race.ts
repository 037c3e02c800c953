import { type Contestant, type Entrant, isPresent } from './contestant.ts';
import { seededRandom, shuffled } from './random.ts';
import { median, quantile } from './statistics.ts';

/** How long and how often slices run. */
export interface RaceOptions {
  readonly rounds: number;
  /** The least time of a slice in milliseconds. */
  readonly sliceMs: number;
  readonly seed: number;
}

/** How many times faster one contestant is than another, over the rounds in which both ran. */
export interface Ratio {
  readonly median: number;
  readonly p10: number;
  readonly p90: number;
  /** The median by CPU time in place of wall time. */
  readonly cpu: number;
  readonly rounds: number;
}

/** What one contestant did, for the table; or why it did not run. */
export interface Lane {
  readonly name: string;
  readonly absent?: string;
  /** Medians over the rounds, for one operation. */
  readonly wallNs?: number;
  /** Not known of a contestant that starts processes. */
  readonly cpuNs?: number;
  readonly rounds?: number;
}

interface Sample {
  readonly wallNs: number;
  readonly cpuNs: number;
}

/** The outcome of one race: lanes for the table, ratios for the bounds. */
export class Race {
  readonly lanes: readonly Lane[];
  readonly #samples: ReadonlyMap<string, readonly Sample[]>;

  constructor(entrants: readonly Entrant[], samples: ReadonlyMap<string, readonly Sample[]>) {
    this.#samples = samples;
    this.lanes = entrants.map((entrant) => {
      if (!isPresent(entrant)) return entrant;
      const rounds = samples.get(entrant.name) ?? [];
      const cpuNs = median(rounds.map((sample) => sample.cpuNs));
      return {
        name: entrant.name,
        wallNs: median(rounds.map((sample) => sample.wallNs)),
        ...(Number.isNaN(cpuNs) ? {} : { cpuNs }),
        rounds: rounds.length,
      };
    });
  }

  /**
   * The speed of one contestant as a multiple of another's, paired by round.
   *
   * @returns `undefined` where one of the two is absent
   */
  ratio(of: string, over: string): Ratio | undefined {
    const ours = this.#samples.get(of);
    const theirs = this.#samples.get(over);
    if (ours === undefined || theirs === undefined) return undefined;
    const rounds = Math.min(ours.length, theirs.length);
    const wall: number[] = [];
    const cpu: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const a = ours[round] as Sample;
      const b = theirs[round] as Sample;
      wall.push(b.wallNs / a.wallNs);
      cpu.push(b.cpuNs / a.cpuNs);
    }
    return { median: median(wall), p10: quantile(wall, 0.1), p90: quantile(wall, 0.9), cpu: median(cpu), rounds };
  }
}

/**
 * Runs the contestants in rounds, one slice each in an order shuffled anew, so that what disturbs the machine disturbs
 * all of them alike. The contestants are closed in the end.
 *
 * @throws {Error} when a contestant fails: a race with a hole in it is not printed
 */
export async function race(entrants: readonly Entrant[], options: RaceOptions): Promise<Race> {
  const contestants = entrants.filter(isPresent);
  try {
    return new Race(entrants, await runRounds(contestants, options));
  } finally {
    for (const contestant of contestants) await contestant.close?.();
  }
}

async function runRounds(contestants: readonly Contestant[], options: RaceOptions): Promise<Map<string, Sample[]>> {
  const random = seededRandom(options.seed);
  const counts = new Map<Contestant, number>();
  for (const contestant of contestants) counts.set(contestant, await calibrate(contestant, options.sliceMs));

  const samples = new Map<string, Sample[]>(contestants.map(({ name }) => [name, []]));
  for (let round = -1; round < options.rounds; round++) {
    for (const contestant of shuffled(contestants, random)) {
      if (contestant.pace !== undefined && (round < 0 || round >= contestant.pace.rounds)) continue;
      const count = counts.get(contestant) as number;
      const { wallNs, cpuNs } = await contestant.run(count);
      // Round -1 warms up: optimizing compilers and branch predictors have seen everybody once.
      if (round >= 0) samples.get(contestant.name)?.push({ wallNs: wallNs / count, cpuNs: cpuNs / count });
      if (contestant.pace === undefined) counts.set(contestant, lengthened(count, wallNs, options.sliceMs));
    }
  }
  return samples;
}

async function calibrate(contestant: Contestant, sliceMs: number): Promise<number> {
  if (contestant.pace !== undefined) return contestant.pace.count;
  let count = 1;
  while (true) {
    const { wallNs } = await contestant.run(count);
    if (wallNs >= sliceMs * 1e6) return count;
    if (wallNs >= sliceMs * 0.25e6) return lengthened(count, wallNs, sliceMs);
    count *= 4;
  }
}

/** Code gets faster as it is compiled: a slice that fell short is made longer, with a fifth to spare. */
function lengthened(count: number, wallNs: number, sliceMs: number): number {
  return wallNs >= sliceMs * 1e6 ? count : Math.ceil((count * sliceMs * 1.2e6) / wallNs);
}

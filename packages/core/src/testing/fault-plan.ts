import { InvalidInputError } from '../errors/families.ts';
import { SeededRandom } from './random.ts';

/** The calls of a storage that can be hit. */
export type FaultyMethod = 'open' | 'get' | 'query' | 'count' | 'commit' | 'claim' | 'throttle' | 'sweep' | 'health';

/**
 * How a call is hit.
 *
 * - `refuse`: rejects, nothing done, `outcome: 'none'`
 * - `loseRequest`: rejects, nothing done, `outcome: 'unknown'`
 * - `loseAnswer`: takes effect, then rejects, `outcome: 'unknown'`
 * - `landLate`: rejects at once with `outcome: 'unknown'`, and takes effect some calls later
 * - `delay`: takes effect and answers, but lets other calls pass
 *
 * A read, which changes nothing, always fails with `outcome: 'none'`.
 */
export type FaultKind = 'refuse' | 'loseRequest' | 'loseAnswer' | 'landLate' | 'delay';

/** A fault that was made. */
export interface InjectedFault {
  /** Which call it was, from 1. */
  readonly call: number;
  readonly method: FaultyMethod;
  readonly kind: FaultKind;
  /** What became of the call at the backend: `pending` is on its way, `failed` was refused there. */
  effect: 'none' | 'pending' | 'landed' | 'failed';
}

/** Faults that happen for certain. */
export interface FaultRule {
  readonly kind: FaultKind;
  /** Default: any. */
  readonly method?: FaultyMethod;
  /** How many calls pass before. Default 0. */
  readonly skip?: number;
  /** How many calls are hit. Default 1; `Infinity` is a storage that is gone for good. */
  readonly times?: number;
}

interface RunningRule {
  readonly rule: FaultRule;
  skip: number;
  times: number;
}

const METHODS: readonly FaultyMethod[] = [
  'open',
  'get',
  'query',
  'count',
  'commit',
  'claim',
  'throttle',
  'sweep',
  'health',
];
const KINDS: readonly FaultKind[] = ['refuse', 'loseRequest', 'loseAnswer', 'landLate', 'delay'];

/** Decides for each call whether and how it is hit. */
export class FaultPlan {
  readonly #random: SeededRandom;
  readonly #methods: readonly FaultyMethod[];
  readonly #kinds: readonly FaultKind[];
  #rate: number;
  #rules: RunningRule[] = [];

  /** @throws {InvalidInputError} INVALID_ARGUMENT: a rate outside 0 to 1, or no kinds */
  constructor(options: {
    readonly seed: number;
    readonly rate?: number;
    readonly methods?: readonly FaultyMethod[];
    readonly kinds?: readonly FaultKind[];
  }) {
    const { seed, rate = 0, methods = METHODS, kinds = KINDS } = options;
    if (!(rate >= 0 && rate <= 1))
      throw new InvalidInputError('INVALID_ARGUMENT', `rate must be from 0 to 1, not ${rate}`);
    if (kinds.length === 0) throw new InvalidInputError('INVALID_ARGUMENT', 'kinds must not be empty');
    this.#random = new SeededRandom(seed);
    this.#methods = methods;
    this.#kinds = kinds;
    this.#rate = rate;
  }

  add(rule: FaultRule): void {
    this.#rules.push({ rule, skip: rule.skip ?? 0, times: rule.times ?? 1 });
  }

  clear(): void {
    this.#rules = [];
    this.#rate = 0;
  }

  integer(min: number, max: number): number {
    return this.#random.integer(min, max);
  }

  next(method: FaultyMethod): FaultKind | undefined {
    const planned = this.#planned(method);
    // The dice are thrown for every call, so that a rule does not shift what comes after it.
    const hit = this.#random.chance(this.#rate);
    const kind = this.#random.pick(this.#kinds);
    if (planned !== undefined) return planned;
    return hit && this.#methods.includes(method) ? kind : undefined;
  }

  #planned(method: FaultyMethod): FaultKind | undefined {
    for (const running of this.#rules) {
      if (running.rule.method !== undefined && running.rule.method !== method) continue;
      if (running.skip > 0) {
        running.skip -= 1;
        continue;
      }
      running.times -= 1;
      if (running.times <= 0) this.#rules = this.#rules.filter((other) => other !== running);
      return running.rule.kind;
    }
    return undefined;
  }
}

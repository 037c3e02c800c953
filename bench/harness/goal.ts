import type { Lane, RaceOptions, Ratio } from './race.ts';

/** What a goal's script is given. */
export interface GoalContext extends RaceOptions {
  /** Fewer rounds and smaller sizes: a smoke test, not a verdict. */
  readonly quick: boolean;
  /** The compiled peers, or why there is none. */
  readonly native: NativePeers;
  /** A folder of the goal's own, removed when it ends. */
  readonly folder: string;
}

/** Programs that hold peers outside JavaScript. */
export interface NativePeers {
  readonly go: NativeProgram;
  readonly openssl: NativeProgram;
}

export type NativeProgram = { readonly path: string; readonly version: string } | { readonly absent: string };

/** A bound beside its figure. */
export interface Verdict {
  /** The bound in words, as in `≥ 0.70 × node:crypto sign`. */
  readonly bound: string;
  readonly outcome: 'pass' | 'fail' | 'absent' | 'not run';
  readonly figure?: string;
  /** The unlucky tenth of the rounds: the lower for a speed, the upper for a time. */
  readonly unlucky?: string;
  readonly cpu?: string;
  readonly note?: string;
}

/** One table of contestants: `rate` shows operations a second, `duration` milliseconds. */
export interface Table {
  readonly title: string;
  readonly unit: 'rate' | 'duration';
  /** The contestant that the others are shown as multiples of. */
  readonly base: string;
  readonly lanes: readonly Lane[];
}

/** What a goal's script gives back. */
export interface GoalReport {
  readonly title: string;
  readonly tables: readonly Table[];
  readonly verdicts: readonly Verdict[];
  readonly notes: readonly string[];
}

/** A goal's script. */
export type Goal = (context: GoalContext) => Promise<GoalReport>;

/**
 * Judges how fast one contestant is, as a multiple of another.
 *
 * @param least The smallest ratio that passes.
 * @param ratio `undefined` where a peer is absent.
 */
export function atLeast(least: number, words: string, ratio: Ratio | undefined): Verdict {
  const bound = `≥ ${decimal(least)} × ${words}`;
  if (ratio === undefined) return { bound, outcome: 'absent' };
  return {
    bound,
    outcome: ratio.median >= least ? 'pass' : 'fail',
    figure: significant(ratio.median),
    unlucky: significant(ratio.p10),
    cpu: significant(ratio.cpu),
  };
}

/**
 * Judges how long one contestant takes, as a multiple of another.
 *
 * @param most The largest multiple that passes.
 * @param ratio The other's speed over the one's; `undefined` where a peer is absent.
 */
export function timeAtMost(most: number, words: string, ratio: Ratio | undefined): Verdict {
  const bound = `≤ ${decimal(most)} × ${words}`;
  if (ratio === undefined) return { bound, outcome: 'absent' };
  return {
    bound,
    outcome: ratio.median <= most ? 'pass' : 'fail',
    figure: significant(ratio.median),
    unlucky: significant(ratio.p90),
    cpu: significant(ratio.cpu),
  };
}

/** A bound that this run leaves out, and why. */
export function notRun(bound: string, note: string): Verdict {
  return { bound, outcome: 'not run', note };
}

/** Judges a figure against the most that it may be. */
export function atMost(most: number, words: string, figure: number): Verdict {
  return { bound: `≤ ${most} ${words}`, outcome: figure <= most ? 'pass' : 'fail', figure: significant(figure) };
}

/** About three significant digits, without an exponent; a dash for what cannot be known. */
export function significant(figure: number): string {
  if (Number.isNaN(figure)) return '–';
  if (figure >= 100) return figure.toFixed(0);
  return figure.toFixed(figure >= 10 ? 1 : figure >= 0.1 ? 2 : 3);
}

function decimal(bound: number): string {
  return bound < 10 ? bound.toFixed(2) : String(bound);
}

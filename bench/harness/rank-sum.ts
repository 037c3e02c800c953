/** How probable it is that two samples come from one distribution. */
export interface RankSum {
  /** Two-sided. */
  readonly p: number;
  /** The chance that a value of the first is the larger one, minus that of the second: -1 to 1, and 0 for no difference. */
  readonly delta: number;
}

/**
 * The test of Mann, Whitney and Wilcoxon: whether values of one sample tend to be larger than those of another, whatever their distribution. By
 * the normal approximation with the correction for ties, good from about twenty values a side.
 */
export function rankSum(first: readonly number[], second: readonly number[]): RankSum {
  const all = [
    ...first.map((value) => ({ value, isFirst: true })),
    ...second.map((value) => ({ value, isFirst: false })),
  ];
  all.sort((a, b) => a.value - b.value);
  let ranksOfFirst = 0;
  let ties = 0;
  for (let from = 0; from < all.length; ) {
    let to = from;
    while (to < all.length && all[to]?.value === all[from]?.value) to += 1;
    const count = to - from;
    const rank = (from + 1 + to) / 2;
    for (let at = from; at < to; at++) if (all[at]?.isFirst) ranksOfFirst += rank;
    ties += count ** 3 - count;
    from = to;
  }
  const [m, n, total] = [first.length, second.length, all.length];
  const u = ranksOfFirst - (m * (m + 1)) / 2;
  const variance = ((m * n) / 12) * (total + 1 - ties / (total * (total - 1)));
  const z = variance === 0 ? 0 : (u - (m * n) / 2) / Math.sqrt(variance);
  return { p: twoSided(Math.abs(z)), delta: (2 * u) / (m * n) - 1 };
}

/** The share of the normal distribution beyond ±z, by the fraction of Abramowitz and Stegun 7.1.26: exact to seven digits. */
function twoSided(z: number): number {
  const x = z / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * x);
  const series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return series * Math.exp(-x * x);
}

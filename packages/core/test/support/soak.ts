/** True under `npm run soak`: tests that take a size take the full one. */
export const isSoak = process.env.CHANCERY_SOAK === '1';

/**
 * How much of a long test to run.
 *
 * @param bounded The size under `npm test`.
 * @param full The size under `npm run soak`.
 */
export function soakSize(bounded: number, full: number): number {
  return isSoak ? full : bounded;
}

/**
 * The seed of a random test: `CHANCERY_SEED` when it is set, so that a failure can be replayed.
 *
 * @param fallback The seed otherwise.
 */
export function seed(fallback: number): number {
  const given = process.env.CHANCERY_SEED;
  if (given === undefined) return fallback;
  const value = Number(given);
  if (!Number.isSafeInteger(value)) throw new Error(`CHANCERY_SEED is not an integer: ${given}`);
  return value;
}

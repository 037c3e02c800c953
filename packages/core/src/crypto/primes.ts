/**
 * Lists the primes up to a bound, by the sieve of Eratosthenes.
 *
 * @param bound the last number to consider
 * @returns the primes in ascending order
 */
export function primesUpTo(bound: number): number[] {
  const composite = new Uint8Array(bound + 1);
  const primes: number[] = [];
  for (let candidate = 2; candidate <= bound; candidate++) {
    if (composite[candidate]) continue;
    primes.push(candidate);
    for (let multiple = candidate * candidate; multiple <= bound; multiple += candidate) composite[multiple] = 1;
  }
  return primes;
}

/**
 * Takes the integer square root by Newton's method, doubling the precision as it goes.
 *
 * @param square not negative
 * @returns the largest integer whose square is not larger
 */
export function integerSqrt(square: bigint): bigint {
  if (square < 2n ** 52n) return BigInt(Math.floor(Math.sqrt(Number(square))));
  // A root of the upper half is right in its upper half, one step from right in all of it.
  const shift = BigInt(square.toString(16).length);
  const upper = integerSqrt(square >> (shift * 2n)) << shift;
  let root = (upper + square / upper) >> 1n;
  while (root * root > square) root = (root + square / root) >> 1n;
  while ((root + 1n) * (root + 1n) <= square) root++;
  return root;
}

// All squares leave one of few remainders: 16 of 63, 21 of 65, 6 of 11. Together they let one in a hundred numbers pass.
const SQUARE_MODULI = [63, 65, 11] as const;
const SQUARE_MODULUS = 63n * 65n * 11n;

/**
 * Tells whether a number is a perfect square, at the cost of one small division for most that are not.
 *
 * @param value not negative
 * @returns true when it is
 */
export function isPerfectSquare(value: bigint): boolean {
  const remainder = Number(value % SQUARE_MODULUS);
  for (const modulus of SQUARE_MODULI) {
    if (!isQuadraticResidue(remainder % modulus, modulus)) return false;
  }
  const root = integerSqrt(value);
  return root * root === value;
}

function isQuadraticResidue(value: number, modulus: number): boolean {
  for (let root = 0; root <= modulus >> 1; root++) {
    if ((root * root) % modulus === value) return true;
  }
  return false;
}

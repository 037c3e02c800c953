import { toBigInt } from './spki.ts';

const P = 2n ** 255n - 19n;
const D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;
const SIGN_BIT = 2n ** 255n;
/** y of two of the points of order 8; the other two have its negative. */
const Y_OF_ORDER_8 = 0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n;
/** y of every point whose order divides 8: 1, -1, 0, and those of order 8. */
const SMALL_ORDER: ReadonlySet<bigint> = new Set([1n, P - 1n, 0n, Y_OF_ORDER_8, P - Y_OF_ORDER_8]);

/**
 * Judges the encoding of a point of edwards25519 (RFC 8032 section 5.1.3).
 *
 * A key of small order verifies signatures that anyone can make. OpenSSL imports it, and bytes that are no point at all.
 *
 * @param point 32 bytes, little-endian y and the sign of x
 * @returns what is wrong: `off-curve`, not the one encoding of a point; `small-order`, a point that is no key; else undefined
 */
export function findEd25519Fault(point: Uint8Array): 'off-curve' | 'small-order' | undefined {
  const encoded = toBigInt(Uint8Array.from(point).reverse());
  const y = encoded % SIGN_BIT;
  if (y >= P) return 'off-curve';
  if (SMALL_ORDER.has(y)) return 'small-order';
  // x² = u / v has a root exactly if u * v has one; v is never zero.
  const u = y * y - 1n;
  const v = D * y * y + 1n;
  return isSquare((u * v) % P) ? undefined : 'off-curve';
}

/** Euler's criterion. */
function isSquare(value: bigint): boolean {
  let result = 1n;
  let base = value;
  for (let exponent = (P - 1n) / 2n; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * base) % P;
    base = (base * base) % P;
  }
  return result === 1n;
}

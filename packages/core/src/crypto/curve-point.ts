import { toBigInt } from './spki.ts';

interface Curve {
  readonly p: bigint;
  readonly b: bigint;
}

// NIST SP 800-186 section 3.2.1; for each, a = -3.
const CURVES: Readonly<Record<'P-256' | 'P-384' | 'P-521', Curve>> = {
  'P-256': {
    p: 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
    b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
  },
  'P-384': {
    p: 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n,
    b: 0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn,
  },
  'P-521': {
    p: 2n ** 521n - 1n,
    b: 0x51953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00n,
  },
};

/**
 * Tells whether a point lies on its curve: y² = x³ - 3x + b, both coordinates reduced (NIST SP 800-56A section 5.6.2.3.4).
 * The curves have cofactor 1, so that every such point has the right order.
 *
 * @param curve the curve
 * @param x big-endian
 * @param y big-endian
 * @returns true when it does
 */
export function isOnCurve(curve: 'P-256' | 'P-384' | 'P-521', x: Uint8Array, y: Uint8Array): boolean {
  const { p, b } = CURVES[curve];
  const [px, py] = [toBigInt(x), toBigInt(y)];
  return px < p && py < p && (px * (px * px - 3n) + b - py * py) % p === 0n;
}

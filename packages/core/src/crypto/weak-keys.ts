import type { KeyKind } from '../ports/crypto.ts';
import { keyAlgorithmName } from './algorithms.ts';
import { findEd25519Fault } from './edwards-point.ts';
import { integerSqrt, isPerfectSquare, primesUpTo } from './primes.ts';
import { parseSpki, toBigInt } from './spki.ts';

/** Why a public key must not be certified. */
export interface KeyWeakness {
  /** The rule's stable name, `key.rsa.…`. */
  readonly rule: string;
  /** What broke it, as text. */
  readonly value: string;
  readonly message: string;
}

const MIN_MODULUS_BITS = 2048;
const MAX_MODULUS_BITS = 8192;
const MIN_EXPONENT = 65537n;
const MAX_EXPONENT = 2n ** 256n;
const FERMAT_ROUNDS = 100;
// ROCA keys of 1984 bits or more are made around the product of the first 126 primes, of which 701 is the last.
const LARGEST_SMALL_PRIME = 701;

/**
 * Looks for a known weakness in a public key. Keys on the NIST curves have none that their import would let through.
 *
 * Ed25519: bytes that encode no point, and points of small order.
 *
 * RSA: the size; the exponent (FIPS 186-5 section A.1.1); small prime factors; the fingerprint of Infineon's key
 * generator (CVE-2017-15361, "ROCA"); primes so close that Fermat's method finds them within 100 rounds (CVE-2022-26320).
 *
 * @param kind the key's kind, as imported
 * @param spki the key, DER
 * @returns the first rule that is broken, or undefined
 */
export function findWeakness(kind: KeyKind, spki: Uint8Array): KeyWeakness | undefined {
  if (kind.type === 'Ed25519') return findEd25519Weakness(spki);
  if (kind.type !== 'RSA') return undefined;
  return findSizeWeakness(kind) ?? findExponentWeakness(kind.publicExponent) ?? findModulusWeakness(kind, spki);
}

function findEd25519Weakness(spki: Uint8Array): KeyWeakness | undefined {
  const parsed = parseSpki(spki);
  const fault = 'point' in parsed ? findEd25519Fault(parsed.point) : undefined;
  if (fault === undefined) return undefined;
  return fault === 'off-curve'
    ? { rule: 'key.ed25519.off-curve', value: 'Ed25519', message: 'The Ed25519 key is no point of its curve' }
    : {
        rule: 'key.ed25519.small-order',
        value: 'Ed25519',
        message: 'The Ed25519 key has small order: anyone can sign for it',
      };
}

type RsaKind = KeyKind & { readonly type: 'RSA' };

function findSizeWeakness(kind: RsaKind): KeyWeakness | undefined {
  const value = keyAlgorithmName(kind);
  if (kind.modulusBits < MIN_MODULUS_BITS) {
    return {
      rule: 'key.rsa.too-small',
      value,
      message: `An RSA key of ${kind.modulusBits} bits is below ${MIN_MODULUS_BITS}`,
    };
  }
  if (kind.modulusBits > MAX_MODULUS_BITS) {
    return {
      rule: 'key.rsa.too-large',
      value,
      message: `An RSA key of ${kind.modulusBits} bits is above ${MAX_MODULUS_BITS}`,
    };
  }
  return undefined;
}

function findExponentWeakness(exponent: bigint): KeyWeakness | undefined {
  const complain = (value: string, problem: string): KeyWeakness => ({
    rule: 'key.rsa.exponent',
    value,
    message: `The RSA public exponent ${value} ${problem}`,
  });
  if (exponent > MAX_EXPONENT) return complain(`of ${exponent.toString(2).length} bits`, 'is above 2^256');
  if (exponent % 2n === 0n) return complain(String(exponent), 'is even');
  if (exponent < MIN_EXPONENT) return complain(String(exponent), `is below ${MIN_EXPONENT}`);
  return undefined;
}

function findModulusWeakness(kind: RsaKind, spki: Uint8Array): KeyWeakness | undefined {
  const parsed = parseSpki(spki);
  if (!('modulus' in parsed)) return undefined;
  const modulus = toBigInt(parsed.modulus);
  const value = keyAlgorithmName(kind);
  const { primes, product, subgroups } = smallPrimes();
  const remainder = modulus % product;
  const remainders = primes.map((prime) => Number(remainder % BigInt(prime)));
  const divisor = primes.find((_, at) => remainders[at] === 0);
  if (divisor !== undefined) {
    return {
      rule: 'key.rsa.small-factor',
      value: String(divisor),
      message: `The RSA modulus is divisible by ${divisor}`,
    };
  }
  if (subgroups.every((members, at) => members[remainders[at] as number])) {
    return {
      rule: 'key.rsa.roca',
      value,
      message: 'The RSA modulus has the fingerprint of a broken key generator (ROCA)',
    };
  }
  if (hasClosePrimes(modulus)) {
    return {
      rule: 'key.rsa.fermat',
      value,
      message: 'The primes of the RSA modulus are so close that it can be factored',
    };
  }
  return undefined;
}

// Fermat: n = a² - b², with a from just above the root of n.
function hasClosePrimes(modulus: bigint): boolean {
  let a = integerSqrt(modulus);
  if (a * a < modulus) a++;
  let difference = a * a - modulus;
  for (let round = 0; round < FERMAT_ROUNDS; round++) {
    if (isPerfectSquare(difference)) return true;
    difference += 2n * a + 1n;
    a++;
  }
  return false;
}

interface SmallPrimes {
  readonly primes: readonly number[];
  readonly product: bigint;
  /** For each prime, which remainders are powers of 65537: all that a ROCA modulus leaves. */
  readonly subgroups: readonly Uint8Array[];
}

let cached: SmallPrimes | undefined;

// Made on first use, since few deployments ever see an RSA key.
function smallPrimes(): SmallPrimes {
  if (!cached) {
    const primes = primesUpTo(LARGEST_SMALL_PRIME);
    const product = primes.reduce((total, prime) => total * BigInt(prime), 1n);
    cached = { primes, product, subgroups: primes.map(powersOf65537) };
  }
  return cached;
}

function powersOf65537(prime: number): Uint8Array {
  const members = new Uint8Array(prime);
  const generator = 65537 % prime;
  for (let power = 1 % prime; !members[power]; power = (power * generator) % prime) members[power] = 1;
  return members;
}

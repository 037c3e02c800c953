import { DerReader } from '../encoding/der/reader.ts';
import { Tag } from '../encoding/der/tags.ts';
import { toHex } from '../encoding/hex.ts';
import { InvalidInputError } from '../errors/families.ts';
import type { KeyKind } from '../ports/crypto.ts';

/** A SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7) taken apart. The byte strings are views of the input. */
export type ParsedSpki =
  | { readonly kind: KeyKind & { type: 'EC' }; readonly x: Uint8Array; readonly y: Uint8Array }
  | { readonly kind: KeyKind & { type: 'RSA' }; readonly modulus: Uint8Array; readonly exponent: Uint8Array }
  | { readonly kind: KeyKind & { type: 'Ed25519' | 'Ed448' }; readonly point: Uint8Array };

/** id-ecPublicKey (RFC 5480). */
export const OID_EC = '1.2.840.10045.2.1';
/** rsaEncryption (RFC 8017). */
export const OID_RSA = '1.2.840.113549.1.1.1';
/** id-Ed25519 (RFC 8410). */
export const OID_ED25519 = '1.3.101.112';
/** id-Ed448 (RFC 8410). */
const OID_ED448 = '1.3.101.113';
/** The named curves (RFC 5480 section 2.1.1.1), by OID. */
export const NAMED_CURVES = {
  '1.2.840.10045.3.1.7': { curve: 'P-256', coordinate: 32 },
  '1.3.132.0.34': { curve: 'P-384', coordinate: 48 },
  '1.3.132.0.35': { curve: 'P-521', coordinate: 66 },
} as const;

// OpenSSL refuses to compute with more (OPENSSL_RSA_MAX_MODULUS_BITS).
const MAX_MODULUS_BITS = 16384;

/**
 * Parses a SubjectPublicKeyInfo and accepts one encoding of each key only: DER, the named curve, the uncompressed point.
 *
 * It reads; it does not judge. Whether a point lies on its curve is the provider's to check on import, and whether an
 * RSA key is strong enough is `findWeakness`'s.
 *
 * @param spki the key, DER
 * @returns its kind and its numbers
 * @throws {InvalidInputError} KEY_INVALID: it is not such a structure, or a number in it cannot belong to a key
 * @throws {InvalidInputError} KEY_UNSUPPORTED: another algorithm, curve or form of point, or RSA past 16,384 bits
 */
export function parseSpki(spki: Uint8Array): ParsedSpki {
  try {
    return read(spki);
  } catch (cause) {
    if (!(cause instanceof InvalidInputError) || cause.code !== 'DER_INVALID') throw cause;
    const { facts } = cause;
    throw new InvalidInputError('KEY_INVALID', `The public key is not a SubjectPublicKeyInfo: ${cause.message}`, {
      cause,
      facts,
    });
  }
}

function read(spki: Uint8Array): ParsedSpki {
  const outer = new DerReader(spki);
  const info = outer.read(Tag.sequence);
  outer.finish();
  const algorithm = info.read(Tag.sequence);
  const oid = algorithm.oid();
  if (oid === OID_EC) return readEc(algorithm, info);
  if (oid === OID_RSA) {
    algorithm.null();
    algorithm.finish();
    return readRsa(readKeyBits(info));
  }
  if (oid === OID_ED25519 || oid === OID_ED448) {
    algorithm.finish();
    const point = readKeyBits(info);
    const [type, length] = oid === OID_ED25519 ? (['Ed25519', 32] as const) : (['Ed448', 57] as const);
    if (point.length !== length) throw invalid(`an ${type} key has ${length} bytes, not ${point.length}`);
    return { kind: { type }, point };
  }
  throw unsupported(`Public key algorithm ${oid} is not supported`, { algorithm: oid });
}

function readKeyBits(info: DerReader): Uint8Array {
  const { bytes, unusedBits } = info.bitString();
  info.finish();
  if (unusedBits !== 0) throw invalid('its BIT STRING does not end on a byte');
  return bytes;
}

function readEc(algorithm: DerReader, info: DerReader): ParsedSpki {
  if (algorithm.peekTag() !== Tag.oid)
    throw unsupported('Elliptic curves must be named, not spelled out (RFC 5480 section 2.1.1)');
  const oid = algorithm.oid();
  algorithm.finish();
  if (!Object.hasOwn(NAMED_CURVES, oid)) throw unsupported(`Elliptic curve ${oid} is not supported`, { curve: oid });
  const { curve, coordinate } = NAMED_CURVES[oid as keyof typeof NAMED_CURVES];
  const point = readKeyBits(info);
  if (point.length === coordinate + 1 && (point[0] === 2 || point[0] === 3)) {
    throw unsupported(`A compressed ${curve} point is not supported`, { curve });
  }
  if (point.length !== 1 + 2 * coordinate || point[0] !== 4) throw invalid(`it holds no uncompressed ${curve} point`);
  return { kind: { type: 'EC', curve }, x: point.subarray(1, 1 + coordinate), y: point.subarray(1 + coordinate) };
}

function readRsa(bytes: Uint8Array): ParsedSpki {
  const outer = new DerReader(bytes);
  const key = outer.read(Tag.sequence);
  outer.finish();
  const modulus = readPositive(key, 'modulus');
  const exponent = readPositive(key, 'public exponent');
  key.finish();
  const modulusBits = modulus.length * 8 - Math.clz32(modulus[0] as number) + 24;
  if (modulusBits > MAX_MODULUS_BITS) {
    throw unsupported(`An RSA modulus of ${modulusBits} bits is past ${MAX_MODULUS_BITS}`, { modulusBits });
  }
  // RFC 8017 section 3.1: e is smaller than n. It also bounds the conversion below.
  if (exponent.length > modulus.length) throw invalid('its RSA public exponent is larger than the modulus');
  return { kind: { type: 'RSA', modulusBits, publicExponent: toBigInt(exponent) }, modulus, exponent };
}

function readPositive(reader: DerReader, what: string): Uint8Array {
  const content = reader.integer();
  const first = content[0] as number;
  if (first >= 0x80) throw invalid(`its RSA ${what} is negative`);
  const magnitude = first === 0 ? content.subarray(1) : content;
  if (magnitude.length === 0) throw invalid(`its RSA ${what} is zero`);
  return magnitude;
}

// A coordinate takes a few words, which are quicker put together than spelled out; long numbers are not.
const MOST_BY_WORDS = 64;

/**
 * Reads a natural number.
 *
 * @param magnitude big-endian, at least one byte
 * @returns the number
 */
export function toBigInt(magnitude: Uint8Array): bigint {
  const { buffer, byteOffset, length } = magnitude;
  if (length > MOST_BY_WORDS || length % 8 !== 0) return BigInt(`0x${toHex(magnitude)}`);
  const words = new DataView(buffer, byteOffset, length);
  let value = 0n;
  for (let at = 0; at < length; at += 8) value = (value << 64n) | words.getBigUint64(at);
  return value;
}

function invalid(problem: string): InvalidInputError {
  return new InvalidInputError('KEY_INVALID', `The public key is invalid: ${problem}`);
}

function unsupported(message: string, facts: Readonly<Record<string, string | number>> = {}): InvalidInputError {
  return new InvalidInputError('KEY_UNSUPPORTED', message, { facts });
}

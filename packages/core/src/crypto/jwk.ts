import { fromBase64Url, toBase64Url } from '../encoding/base64.ts';
import { concatBytes, utf8 } from '../encoding/bytes.ts';
import { derBitString, derInteger, derNull, derOid, derSequence } from '../encoding/der/writer.ts';
import { InvalidInputError } from '../errors/families.ts';
import { quote } from '../errors/quote.ts';
import type { CryptoProvider } from '../ports/crypto.ts';
import { NAMED_CURVES, OID_EC, OID_ED25519, OID_RSA, parseSpki } from './spki.ts';

/** A public key as a JSON Web Key (RFC 7517), reduced to the members that make the key. */
export type PublicJwk =
  | { readonly kty: 'EC'; readonly crv: 'P-256' | 'P-384' | 'P-521'; readonly x: string; readonly y: string }
  | { readonly kty: 'OKP'; readonly crv: 'Ed25519'; readonly x: string }
  | { readonly kty: 'RSA'; readonly n: string; readonly e: string };

const ED25519_LENGTH = 32;
/** Members of private and symmetric keys (RFC 7518 section 6). */
const SECRET_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

/**
 * Reads a public key from a JSON Web Key and drops what does not make the key. One spelling a key: base64url without padding,
 * coordinates at full length, numbers without leading zeros.
 *
 * Whether the point lies on its curve, and whether the key is strong enough, is for `CryptoProvider.importPublicKey` and
 * `findWeakness` to say.
 *
 * @param value anything
 * @returns the members that RFC 7638 section 3.2 requires
 * @throws {InvalidInputError} KEY_INVALID: not a JWK, a private or symmetric key, or a malformed number
 * @throws {InvalidInputError} KEY_UNSUPPORTED: another type of key or another curve
 */
export function readPublicJwk(value: unknown): PublicJwk {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('it is no object');
  const jwk = value as Readonly<Record<string, unknown>>;
  const secret = SECRET_MEMBERS.find((member) => Object.hasOwn(jwk, member));
  if (secret !== undefined) throw invalid(`it holds the member '${secret}' of a private or symmetric key`);
  const { kty, crv } = jwk;
  if (kty === 'EC') {
    const named = Object.values(NAMED_CURVES).find(({ curve }) => curve === crv);
    if (named === undefined) throw unsupported('curve', crv);
    const { curve, coordinate } = named;
    return { kty, crv: curve, x: numberOf(jwk, 'x', coordinate), y: numberOf(jwk, 'y', coordinate) };
  }
  if (kty === 'OKP') {
    if (crv !== 'Ed25519') throw unsupported('curve', crv);
    return { kty, crv, x: numberOf(jwk, 'x', ED25519_LENGTH) };
  }
  if (kty === 'RSA') return { kty, n: numberOf(jwk, 'n'), e: numberOf(jwk, 'e') };
  throw unsupported('key type', kty);
}

/**
 * Writes a SubjectPublicKeyInfo as a JSON Web Key.
 *
 * @param spki the key, DER
 * @returns the members that make the key
 * @throws {InvalidInputError} KEY_INVALID: it is not such a structure
 * @throws {InvalidInputError} KEY_UNSUPPORTED: an algorithm or curve without a form here
 */
export function jwkFromSpki(spki: Uint8Array): PublicJwk {
  const parsed = parseSpki(spki);
  if ('modulus' in parsed) return { kty: 'RSA', n: toBase64Url(parsed.modulus), e: toBase64Url(parsed.exponent) };
  if ('x' in parsed) return { kty: 'EC', crv: parsed.kind.curve, x: toBase64Url(parsed.x), y: toBase64Url(parsed.y) };
  if (parsed.kind.type !== 'Ed25519') throw unsupported('curve', parsed.kind.type);
  return { kty: 'OKP', crv: 'Ed25519', x: toBase64Url(parsed.point) };
}

/**
 * Writes a JSON Web Key as a SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7).
 *
 * @param jwk the key
 * @returns DER
 */
export function spkiFromJwk(jwk: PublicJwk): Uint8Array {
  if (jwk.kty === 'RSA') {
    const key = derSequence(derInteger(fromBase64Url(jwk.n)), derInteger(fromBase64Url(jwk.e)));
    return derSequence(derSequence(derOid(OID_RSA), derNull()), derBitString(key));
  }
  if (jwk.kty === 'OKP') return derSequence(derSequence(derOid(OID_ED25519)), derBitString(fromBase64Url(jwk.x)));
  const point = concatBytes([Uint8Array.of(4), fromBase64Url(jwk.x), fromBase64Url(jwk.y)]);
  return derSequence(derSequence(derOid(OID_EC), derOid(curveOid(jwk.crv))), derBitString(point));
}

/**
 * Names a key by its own content (RFC 7638): SHA-256 over its members in their one order.
 *
 * @param crypto computes the digest
 * @param jwk the key
 * @returns 43 characters of base64url
 */
export async function jwkThumbprint(crypto: CryptoProvider, jwk: PublicJwk): Promise<string> {
  return toBase64Url(await crypto.digest('SHA-256', utf8(canonical(jwk))));
}

/** Lexicographic order of the members, no white space (RFC 7638 section 3.3). */
function canonical(jwk: PublicJwk): string {
  if (jwk.kty === 'RSA') return JSON.stringify({ e: jwk.e, kty: jwk.kty, n: jwk.n });
  if (jwk.kty === 'OKP') return JSON.stringify({ crv: jwk.crv, kty: jwk.kty, x: jwk.x });
  return JSON.stringify({ crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y });
}

function curveOid(curve: string): string {
  return Object.entries(NAMED_CURVES).find(([, named]) => named.curve === curve)?.[0] as string;
}

function numberOf(jwk: Readonly<Record<string, unknown>>, member: string, length?: number): string {
  const text = jwk[member];
  if (typeof text !== 'string') throw invalid(`its member '${member}' is missing or no text`);
  const bytes = decode(text, member);
  if (length === undefined ? bytes.length === 0 || bytes[0] === 0 : bytes.length !== length) {
    const wanted = length === undefined ? 'a positive number without leading zeros' : `${length} bytes long`;
    throw invalid(`its member '${member}' is not ${wanted}`);
  }
  return text;
}

function decode(text: string, member: string): Uint8Array {
  try {
    return fromBase64Url(text);
  } catch (cause) {
    throw new InvalidInputError('KEY_INVALID', `The JSON Web Key is invalid: its member '${member}' is no base64url`, {
      cause,
    });
  }
}

function invalid(problem: string): InvalidInputError {
  return new InvalidInputError('KEY_INVALID', `The JSON Web Key is invalid: ${problem}`);
}

function unsupported(what: string, value: unknown): InvalidInputError {
  const named = typeof value === 'string' ? value.slice(0, 40) : typeof value;
  return new InvalidInputError('KEY_UNSUPPORTED', `JSON Web Keys of ${what} ${quote(named)} are not supported`);
}

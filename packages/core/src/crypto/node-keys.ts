import type { Buffer } from 'node:buffer';
import {
  constants,
  createPrivateKey,
  createPublicKey,
  type JsonWebKeyInput,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { toBase64Url } from '../encoding/base64.ts';
import { DerReader } from '../encoding/der/reader.ts';
import { Tag } from '../encoding/der/tags.ts';
import { encodePem } from '../encoding/pem.ts';
import { InvalidInputError } from '../errors/families.ts';
import type { KeyKind, PrivateKey, PublicKey } from '../ports/crypto.ts';
import { type ParsedSpki, parseSpki } from './spki.ts';

/**
 * Importing costs more than signing, so each key keeps its handle for as long as it lives: in a private field, since a `WeakMap`
 * of thousands of short-lived keys makes the collector pause for ten milliseconds and more.
 */
class NodeKey {
  readonly #handle: KeyObject;

  constructor(handle: KeyObject) {
    this.#handle = handle;
  }

  static handleOf(key: object): KeyObject | undefined {
    return #handle in key ? key.#handle : undefined;
  }
}

class NodePublicKey extends NodeKey implements PublicKey {
  readonly kind: KeyKind;
  readonly spki: Uint8Array;

  constructor(kind: KeyKind, spki: Uint8Array, handle: KeyObject) {
    super(handle);
    this.kind = kind;
    this.spki = spki;
    Object.freeze(this);
  }
}

class NodePrivateKey extends NodeKey implements PrivateKey {
  readonly publicKey: PublicKey;

  constructor(publicKey: PublicKey, handle: KeyObject) {
    super(handle);
    this.publicKey = publicKey;
    Object.freeze(this);
  }
}

/**
 * Imports a public key and checks that an EC point lies on its curve.
 *
 * @param spki SubjectPublicKeyInfo, DER; copied
 * @returns the key, with its handle kept aside
 * @throws {InvalidInputError} KEY_INVALID: not a key, not in its one encoding, or a point off the curve
 * @throws {InvalidInputError} KEY_UNSUPPORTED: an algorithm, curve or size that the SDK does not use
 */
export function importNodePublicKey(spki: Uint8Array): PublicKey {
  const copy = Uint8Array.from(spki);
  const parsed = parseSpki(copy);
  let handle: KeyObject;
  try {
    handle = createPublicKey(fastestInput(parsed, copy));
  } catch (cause) {
    throw new InvalidInputError('KEY_INVALID', `The public key is invalid: ${describeFault(parsed)}`, { cause });
  }
  return new NodePublicKey(parsed.kind, copy, handle);
}

/** OpenSSL 3.0 spends 60 to 90 µs on finding a decoder for a SubjectPublicKeyInfo; those that come after it do not. */
const isDecoderSlow = constants.OPENSSL_VERSION_NUMBER < 0x30100000;

// Text is what Node's later versions take without first asking of an object whether it is a key, an exception each time.
function fastestInput(parsed: ParsedSpki, spki: Uint8Array): Parameters<typeof createPublicKey>[0] | JsonWebKeyInput {
  return isDecoderSlow ? withoutDecoder(parsed, spki) : encodePem('PUBLIC KEY', spki);
}

// From the numbers themselves P-256 takes half of it and RSA and Ed25519 almost nothing; larger curves are faster the long
// way, since the short one multiplies by the group's order, which means nothing on a curve of cofactor 1. Either way checks
// the curve's equation.
function withoutDecoder(parsed: ParsedSpki, spki: Uint8Array): Parameters<typeof createPublicKey>[0] | JsonWebKeyInput {
  if ('point' in parsed) {
    return { format: 'jwk', key: { kty: 'OKP', crv: parsed.kind.type, x: toBase64Url(parsed.point) } };
  }
  if ('modulus' in parsed) {
    return { format: 'jwk', key: { kty: 'RSA', n: toBase64Url(parsed.modulus), e: toBase64Url(parsed.exponent) } };
  }
  if (parsed.kind.curve !== 'P-256') return { format: 'der', type: 'spki', key: spki as Buffer };
  return { format: 'jwk', key: { kty: 'EC', crv: 'P-256', x: toBase64Url(parsed.x), y: toBase64Url(parsed.y) } };
}

function describeFault(parsed: ParsedSpki): string {
  if ('x' in parsed) return `its point does not lie on ${parsed.kind.curve}`;
  return `OpenSSL refuses it as a key of type ${parsed.kind.type}`;
}

/**
 * Imports a private key and checks that it signs what its public key verifies.
 *
 * @param pkcs8 PrivateKeyInfo (RFC 5208), DER, unencrypted
 * @returns the key, with its handle kept aside
 * @throws {InvalidInputError} KEY_INVALID: not a key, something follows it, or its halves do not belong together
 * @throws {InvalidInputError} KEY_UNSUPPORTED: an algorithm, curve or size that the SDK does not use
 */
export function importNodePrivateKey(pkcs8: Uint8Array): PrivateKey {
  let handle: KeyObject;
  try {
    const outer = new DerReader(pkcs8);
    outer.skip(Tag.sequence);
    outer.finish();
    handle = createPrivateKey({ format: 'der', type: 'pkcs8', key: pkcs8 as Buffer });
  } catch (cause) {
    throw new InvalidInputError('KEY_INVALID', 'The private key is not an unencrypted PKCS#8 PrivateKeyInfo', {
      cause,
    });
  }
  const key = adoptNodePrivateKey(handle);
  if (!isPair(handle, handleOf(key.publicKey), key.publicKey.kind)) {
    throw new InvalidInputError('KEY_INVALID', 'The private key does not belong to the public key that it comes with');
  }
  return key;
}

const PROBE = Uint8Array.of(0x70, 0x61, 0x69, 0x72);

function isPair(privateHandle: KeyObject, publicHandle: KeyObject, kind: KeyKind): boolean {
  const digest = kind.type === 'Ed25519' || kind.type === 'Ed448' ? null : 'sha256';
  try {
    return verify(digest, PROBE, publicHandle, sign(digest, PROBE, privateHandle));
  } catch {
    return false;
  }
}

/**
 * Makes a key of a handle that OpenSSL has generated or imported.
 *
 * @param handle a private key
 * @param publicHandle its public half; derived from `handle` where it is not at hand
 * @returns the key, with its handles kept aside
 * @throws {InvalidInputError} KEY_INVALID, KEY_UNSUPPORTED: its public half is not one that the SDK uses
 */
export function adoptNodePrivateKey(handle: KeyObject, publicHandle: KeyObject = createPublicKey(handle)): PrivateKey {
  const spki = Uint8Array.from(publicHandle.export({ format: 'der', type: 'spki' }));
  return new NodePrivateKey(new NodePublicKey(parseSpki(spki).kind, spki, publicHandle), handle);
}

/**
 * Finds the handle of a key.
 *
 * @param key a key that this provider made
 * @returns OpenSSL's handle
 * @throws {InvalidInputError} KEY_INVALID: another provider made it
 */
export function handleOf(key: PublicKey | PrivateKey): KeyObject {
  const handle = NodeKey.handleOf(key);
  if (handle) return handle;
  throw new InvalidInputError('KEY_INVALID', "The key was not made by the provider 'node'");
}

import { DerReader } from '../encoding/der/reader.ts';
import { Tag } from '../encoding/der/tags.ts';
import { InvalidInputError } from '../errors/families.ts';
import { quote } from '../errors/quote.ts';
import type { KeyAlgorithm, KeyKind, PrivateKey, PublicKey } from '../ports/crypto.ts';
import { type SignatureScheme, signatureAlgorithmFor, signatureSchemeFor } from './algorithms.ts';
import { isOnCurve } from './curve-point.ts';
import { NAMED_CURVES, OID_EC, OID_ED25519, OID_RSA, parseSpki } from './spki.ts';

type Subtle = Crypto['subtle'];
type ImportAlgorithm = EcKeyImportParams | RsaHashedImportParams | { readonly name: string };

/** The algorithm parameter of WebCrypto for a key that is used with a scheme: it binds an RSA key to padding and digest. */
export function keyParameters(kind: KeyKind, scheme: SignatureScheme): ImportAlgorithm {
  if (kind.type === 'EC') return { name: 'ECDSA', namedCurve: kind.curve };
  if (kind.type !== 'RSA') return { name: kind.type };
  return { name: scheme.padding === 'pss' ? 'RSA-PSS' : 'RSASSA-PKCS1-v1_5', hash: scheme.digest as string };
}

/**
 * The keys of a WebCrypto provider. WebCrypto imports an RSA key for one padding and digest, so each key keeps its encoding
 * and one handle for each way that it has been used.
 */
export class WebCryptoKeys {
  readonly #subtle: Subtle;
  readonly #encodings = new WeakMap<PublicKey | PrivateKey, Uint8Array>();
  readonly #handles = new WeakMap<PublicKey | PrivateKey, Map<string, Promise<CryptoKey>>>();

  /** @param subtle the WebCrypto implementation */
  constructor(subtle: Subtle) {
    this.#subtle = subtle;
  }

  /** Generates a key. @throws {InvalidInputError} KEY_UNSUPPORTED: the algorithm is unknown */
  async generate(algorithm: KeyAlgorithm): Promise<PrivateKey> {
    const parameters = generationParameters(algorithm);
    const pair = (await this.#subtle.generateKey(parameters, true, ['sign', 'verify'])) as CryptoKeyPair;
    const pkcs8 = new Uint8Array(await this.#subtle.exportKey('pkcs8', pair.privateKey));
    const spki = new Uint8Array(await this.#subtle.exportKey('spki', pair.publicKey));
    return this.#keep({ publicKey: this.importPublic(spki) }, pkcs8);
  }

  /** Imports a public key. @throws {InvalidInputError} KEY_INVALID, KEY_UNSUPPORTED */
  importPublic(spki: Uint8Array): PublicKey {
    const copy = Uint8Array.from(spki);
    const parsed = parseSpki(copy);
    if (parsed.kind.type === 'Ed448') {
      throw new InvalidInputError('KEY_UNSUPPORTED', 'Ed448 is not supported by this provider (WebCrypto)');
    }
    if ('x' in parsed && !isOnCurve(parsed.kind.curve, parsed.x, parsed.y)) {
      const { curve } = parsed.kind;
      throw new InvalidInputError('KEY_INVALID', `The public key is invalid: its point does not lie on ${curve}`);
    }
    return this.#keep({ kind: parsed.kind, spki: copy }, copy);
  }

  /** Imports a private key, unencrypted PKCS#8. @throws {InvalidInputError} KEY_INVALID, KEY_UNSUPPORTED */
  async importPrivate(pkcs8: Uint8Array): Promise<PrivateKey> {
    const copy = Uint8Array.from(pkcs8);
    const parameters = readPrivateKeyInfo(copy);
    let spki: Uint8Array;
    try {
      const handle = await this.#subtle.importKey('pkcs8', copy as BufferSource, parameters, true, ['sign']);
      // JWK is the only export of WebCrypto that names a private key's public half.
      const { kty, crv, x, y, n, e } = await this.#subtle.exportKey('jwk', handle);
      const half = Object.fromEntries(
        Object.entries({ kty, crv, x, y, n, e }).filter(([, value]) => value !== undefined),
      );
      const publicHandle = await this.#subtle.importKey('jwk', half, parameters, true, ['verify']);
      spki = new Uint8Array(await this.#subtle.exportKey('spki', publicHandle));
    } catch (cause) {
      throw new InvalidInputError('KEY_INVALID', 'The private key is not an unencrypted PKCS#8 PrivateKeyInfo', {
        cause,
      });
    }
    return this.#keep({ publicKey: this.importPublic(spki) }, copy);
  }

  /** Gives the encoding of a key. @throws {InvalidInputError} KEY_INVALID: another provider made it */
  encodingOf(key: PublicKey | PrivateKey): Uint8Array {
    const encoding = this.#encodings.get(key);
    if (encoding) return encoding;
    throw new InvalidInputError('KEY_INVALID', "The key was not made by this provider 'webcrypto'");
  }

  /** Gives the handle of a key for one scheme. @throws {InvalidInputError} KEY_INVALID: another provider made it */
  handleFor(key: PublicKey | PrivateKey, scheme: SignatureScheme): Promise<CryptoKey> {
    const encoding = this.encodingOf(key) as BufferSource;
    const isPrivate = 'publicKey' in key;
    const parameters = keyParameters(isPrivate ? key.publicKey.kind : key.kind, scheme);
    const handles = this.#handles.get(key) ?? new Map<string, Promise<CryptoKey>>();
    this.#handles.set(key, handles);
    const use = JSON.stringify(parameters);
    let handle = handles.get(use);
    if (!handle) {
      handle = this.#subtle.importKey(isPrivate ? 'pkcs8' : 'spki', encoding, parameters, false, [
        isPrivate ? 'sign' : 'verify',
      ]);
      handles.set(use, handle);
    }
    return handle;
  }

  #keep<K extends PublicKey | PrivateKey>(key: K, encoding: Uint8Array): K {
    this.#encodings.set(key, encoding);
    return Object.freeze(key);
  }
}

const PUBLIC_EXPONENT = Uint8Array.of(1, 0, 1);

function generationParameters(
  algorithm: KeyAlgorithm,
): EcKeyGenParams | RsaHashedKeyGenParams | { readonly name: string } {
  switch (algorithm) {
    case 'ECDSA-P256':
      return { name: 'ECDSA', namedCurve: 'P-256' };
    case 'ECDSA-P384':
      return { name: 'ECDSA', namedCurve: 'P-384' };
    case 'Ed25519':
      return { name: 'Ed25519' };
    case 'RSA-2048':
    case 'RSA-3072':
    case 'RSA-4096': {
      const modulusLength = Number(algorithm.slice(4));
      return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength, publicExponent: PUBLIC_EXPONENT };
    }
    default:
      throw new InvalidInputError('KEY_UNSUPPORTED', `Unknown key algorithm ${quote(algorithm)}`);
  }
}

// WebCrypto wants to be told what the structure says itself.
function readPrivateKeyInfo(pkcs8: Uint8Array): ImportAlgorithm {
  let oid: string;
  let curveOid: string | undefined;
  try {
    const outer = new DerReader(pkcs8);
    const info = outer.read(Tag.sequence);
    outer.finish();
    info.integer();
    const algorithm = info.read(Tag.sequence);
    oid = algorithm.oid();
    curveOid = algorithm.peekTag() === Tag.oid ? algorithm.oid() : undefined;
  } catch (cause) {
    throw new InvalidInputError('KEY_INVALID', 'The private key is not an unencrypted PKCS#8 PrivateKeyInfo', {
      cause,
    });
  }
  const kind = privateKeyKind(oid, curveOid);
  return keyParameters(kind, signatureSchemeFor(kind, signatureAlgorithmFor(kind)));
}

function privateKeyKind(oid: string, curveOid: string | undefined): KeyKind {
  if (oid === OID_ED25519) return { type: 'Ed25519' };
  if (oid === OID_RSA) return { type: 'RSA', modulusBits: 0, publicExponent: 0n };
  if (oid === OID_EC && curveOid !== undefined && Object.hasOwn(NAMED_CURVES, curveOid)) {
    return { type: 'EC', curve: NAMED_CURVES[curveOid as keyof typeof NAMED_CURVES].curve };
  }
  throw new InvalidInputError('KEY_UNSUPPORTED', `Private key algorithm ${oid} ${curveOid ?? ''} is not supported`);
}

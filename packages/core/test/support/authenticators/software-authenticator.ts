import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import type {
  PasskeyAuthenticationResponse,
  PasskeyCreationOptions,
  PasskeyRegistrationResponse,
  PasskeyRequestOptions,
} from '../../../src/index.ts';
import { type CborValue, encodeCbor } from './cbor.ts';

export const PASSKEYS = { rpId: 'app.example', rpName: 'Example', origins: ['https://app.example'] } as const;

/** What a test makes an answer differ in from an honest one. */
export interface Twist {
  /** The page that the browser says to have shown. */
  readonly origin?: string;
  /** The relying party that the authenticator says to have answered. */
  readonly rpId?: string;
  readonly crossOrigin?: boolean;
  /** Whether the authenticator asked its owner. Default true. */
  readonly userVerified?: boolean;
  /** The signature counter; by default one more than the last time. */
  readonly counter?: number;
  readonly userHandle?: string;
  /** What `type` the browser writes into the client data. */
  readonly ceremony?: string;
  /** How the authenticator vouches for itself: not at all, by the passkey's key, or by a key of its maker's. Default `none`. */
  readonly attestation?: 'none' | 'self' | MakersKey;
}

/** What the maker of an authenticator gives each one. */
export interface MakersKey {
  readonly certificate: Uint8Array;
  readonly privateKey: KeyObject;
}

const FLAG = { userPresent: 1, userVerified: 4, credentialData: 64 } as const;
const ZERO_AAGUID = Buffer.alloc(16);

const base64Url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');
const sha256 = (data: Uint8Array | string) => createHash('sha256').update(data).digest();
const uint = (value: number, length: number) => {
  const bytes = Buffer.alloc(length);
  bytes.writeUIntBE(value, 0, length);
  return bytes;
};

/** An authenticator with one passkey, with its browser: real keys and signatures, made apart from the SDK (WebAuthn Level 3 section 6). */
export class SoftwareAuthenticator {
  credentialId = base64Url(randomBytes(32));
  #key: { readonly publicKey: KeyObject; readonly privateKey: KeyObject };
  #counter: number;
  #userHandle: string | undefined;

  /** @param counter - `0` and no counting, as providers that keep copies have it; else where to begin */
  constructor(kind: 'ES256' | 'EdDSA' = 'ES256', counter = 1) {
    this.#key = kind === 'ES256' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('ed25519');
    this.#counter = counter;
  }

  /** Makes the passkey, as `navigator.credentials.create()` does. */
  create(options: PasskeyCreationOptions, twist: Twist = {}): PasskeyRegistrationResponse {
    this.#userHandle = options.user.id;
    const credentialId = Buffer.from(this.credentialId, 'base64url');
    const credential = [ZERO_AAGUID, uint(credentialId.length, 2), credentialId, encodeCbor(this.#coseKey())];
    const authData = Buffer.concat([this.#authenticatorData(options.rp.id, twist, FLAG.credentialData), ...credential]);
    const clientDataJSON = clientData('webauthn.create', options.challenge, options.rp.id, twist);
    const signed = Buffer.concat([authData, sha256(Buffer.from(clientDataJSON, 'base64url'))]);
    const { attestation: kind = 'none' } = twist;
    const attestation = new Map<string, CborValue>([
      ['fmt', kind === 'none' ? 'none' : 'packed'],
      ['attStmt', this.#statement(kind, signed)],
      ['authData', authData],
    ]);
    return {
      ...this.#credential(),
      response: {
        clientDataJSON,
        attestationObject: base64Url(encodeCbor(attestation)),
        transports: ['internal'],
      },
    };
  }

  /** Uses the passkey, as `navigator.credentials.get()` does. */
  get(options: PasskeyRequestOptions, twist: Twist = {}): PasskeyAuthenticationResponse {
    if (this.#counter > 0) this.#counter += 1;
    const authenticatorData = this.#authenticatorData(options.rpId, twist, 0);
    const clientDataJSON = clientData('webauthn.get', options.challenge, options.rpId, twist);
    const signed = Buffer.concat([authenticatorData, sha256(Buffer.from(clientDataJSON, 'base64url'))]);
    return {
      ...this.#credential(),
      response: {
        clientDataJSON,
        authenticatorData: base64Url(authenticatorData),
        signature: base64Url(signature(this.#key.privateKey, signed)),
        userHandle: twist.userHandle ?? this.#userHandle ?? null,
      },
    };
  }

  /** A copy of the device at this instant: it counts on by itself. */
  clone(): SoftwareAuthenticator {
    const copy = new SoftwareAuthenticator();
    copy.credentialId = this.credentialId;
    copy.#key = this.#key;
    copy.#counter = this.#counter;
    copy.#userHandle = this.#userHandle;
    return copy;
  }

  /** A packed attestation statement (WebAuthn Level 3 section 8.2). */
  #statement(kind: 'none' | 'self' | MakersKey, signed: Uint8Array): ReadonlyMap<string, CborValue> {
    if (kind === 'none') return new Map();
    const { privateKey } = kind === 'self' ? this.#key : kind;
    const statement: [string, CborValue][] = [
      ['alg', privateKey.asymmetricKeyType === 'ed25519' ? -8 : -7],
      ['sig', signature(privateKey, signed)],
    ];
    return new Map(kind === 'self' ? statement : [...statement, ['x5c', [kind.certificate]]]);
  }

  #credential() {
    return { id: this.credentialId, rawId: this.credentialId, type: 'public-key', clientExtensionResults: {} };
  }

  #authenticatorData(rpId: string, { userVerified = true, counter = this.#counter, ...twist }: Twist, flags: number) {
    const all = flags | FLAG.userPresent | (userVerified ? FLAG.userVerified : 0);
    return Buffer.concat([sha256(twist.rpId ?? rpId), Buffer.from([all]), uint(counter, 4)]);
  }

  #coseKey(): ReadonlyMap<number, CborValue> {
    const { kty, x = '', y = '' } = this.#key.publicKey.export({ format: 'jwk' });
    const [xBytes, yBytes] = [Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')];
    const [type, algorithm, curve, label] = [1, 3, -1, -2];
    if (kty === 'OKP')
      return new Map<number, CborValue>([
        [type, 1],
        [algorithm, -8],
        [curve, 6],
        [label, xBytes],
      ]);
    return new Map<number, CborValue>([
      [type, 2],
      [algorithm, -7],
      [curve, 1],
      [label, xBytes],
      [-3, yBytes],
    ]);
  }
}

function signature(key: KeyObject, data: Uint8Array): Uint8Array {
  return sign(key.asymmetricKeyType === 'ed25519' ? null : 'sha256', data, key);
}

function clientData(type: string, challenge: string, rpId: string, twist: Twist): string {
  const { ceremony = type, origin = `https://${rpId}`, crossOrigin = false } = twist;
  return base64Url(Buffer.from(JSON.stringify({ type: ceremony, challenge, origin, crossOrigin })));
}

import { toBase64Url } from '../../encoding/base64.ts';
import { utf8 } from '../../encoding/bytes.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import type { AcmeAccountKey } from './account-key.ts';

/** A JWS in the flattened JSON serialization (RFC 7515 section 7.2.2), the one that ACME allows. */
export interface FlattenedJws {
  readonly protected: string;
  readonly payload: string;
  readonly signature: string;
}

/** What an ACME request says of itself (RFC 8555 section 6.2); `alg` is added. */
export interface JwsHeader {
  readonly url: string;
  /** Left out in a JWS within a JWS. */
  readonly nonce?: string;
  /** The account's URL; without it the header holds the key itself. */
  readonly kid?: string;
}

/**
 * Signs a request by an account's or a certificate's key.
 *
 * @param payload - JSON to be; undefined for POST-as-GET (RFC 8555 section 6.3), whose payload is empty
 */
export async function signJws(key: AcmeAccountKey, header: JwsHeader, payload: unknown): Promise<FlattenedJws> {
  const { kid, ...rest } = header;
  const identified = kid === undefined ? { jwk: key.jwk } : { kid };
  const input = signingInput({ alg: key.algorithm, ...identified, ...rest }, payload);
  return { ...input, signature: toBase64Url(await key.sign(signedBytes(input))) };
}

/**
 * Authenticates a payload by a shared key: the JWS of an external account binding (RFC 8555 section 7.3.4).
 *
 * @param macKey - bytes of the key
 */
export async function macJws(
  macKey: Uint8Array,
  header: { readonly kid: string; readonly url: string },
  payload: unknown,
  crypto: CryptoProvider,
): Promise<FlattenedJws> {
  const input = signingInput({ alg: 'HS256', ...header }, payload);
  return { ...input, signature: toBase64Url(await crypto.hmac('SHA-256', macKey, signedBytes(input))) };
}

function signingInput(header: object, payload: unknown): Omit<FlattenedJws, 'signature'> {
  const encode = (value: unknown): string => toBase64Url(utf8(JSON.stringify(value)));
  return { protected: encode(header), payload: payload === undefined ? '' : encode(payload) };
}

function signedBytes(input: Omit<FlattenedJws, 'signature'>): Uint8Array {
  return utf8(`${input.protected}.${input.payload}`);
}

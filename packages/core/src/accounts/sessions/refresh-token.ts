import { constantTimeEqual } from '../../crypto/constant-time.ts';
import { fromBase64Url, toBase64Url } from '../../encoding/base64.ts';
import { concatBytes, utf8 } from '../../encoding/bytes.ts';
import { fromHex, toHex } from '../../encoding/hex.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import { refreshTokenInvalid } from '../tokens/token-errors.ts';

/** Tells secret scanners what they have found. */
export const REFRESH_TOKEN_PREFIX = 'chancery_rt_';

const PURPOSE = utf8('chancery refresh token 1');
const ID_BYTES = 16;
const COUNTER_BYTES = 4;
const MAC_BYTES = 32;
const BODY = new RegExp(
  `^${REFRESH_TOKEN_PREFIX}([\\w-]{${Math.ceil(((ID_BYTES + COUNTER_BYTES + MAC_BYTES) * 4) / 3)}})$`,
);

/** A refresh token taken apart. Nothing in it is proved yet. */
export interface ParsedRefreshToken {
  readonly sessionId: string;
  readonly counter: number;
  readonly mac: Uint8Array;
}

/** What a refresh token is computed from. */
export interface RefreshTokenSource {
  /** The secret of the session's family, 32 bytes. */
  readonly secret: Uint8Array;
  readonly sessionId: string;
  readonly counter: number;
  /** The `iss` of the manager: another one's tokens are no good here. */
  readonly issuer: string;
}

/**
 * Computes the refresh token of a number: the session's id, the number, and HMAC-SHA-256 over both under the family's secret. Opaque to
 * clients, and computed again rather than stored.
 */
export async function refreshTokenOf(crypto: CryptoProvider, source: RefreshTokenSource): Promise<string> {
  const body = concatBytes([idAndCounter(source), await macOf(crypto, source)]);
  return REFRESH_TOKEN_PREFIX + toBase64Url(body);
}

/**
 * Takes a refresh token apart.
 *
 * @throws {AuthenticationError} TOKEN_INVALID: it is none
 */
export function parseRefreshToken(token: unknown): ParsedRefreshToken {
  const body = typeof token === 'string' ? BODY.exec(token)?.[1] : undefined;
  const bytes = body === undefined ? undefined : decode(body);
  if (bytes === undefined) throw refreshTokenInvalid('it does not have the form of one');
  const hex = toHex(bytes.subarray(0, ID_BYTES));
  const sessionId = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  const counter = new DataView(bytes.buffer).getUint32(ID_BYTES);
  return { sessionId, counter, mac: bytes.subarray(ID_BYTES + COUNTER_BYTES) };
}

/** Whether a refresh token was computed from a family's secret. */
export async function isOfFamily(
  crypto: CryptoProvider,
  { sessionId, counter, mac }: ParsedRefreshToken,
  { secret, issuer }: Pick<RefreshTokenSource, 'secret' | 'issuer'>,
): Promise<boolean> {
  return constantTimeEqual(mac, await macOf(crypto, { secret, issuer, sessionId, counter }));
}

async function macOf(crypto: CryptoProvider, source: RefreshTokenSource): Promise<Uint8Array> {
  return crypto.hmac('SHA-256', source.secret, concatBytes([PURPOSE, idAndCounter(source), utf8(source.issuer)]));
}

function idAndCounter({ sessionId, counter }: Pick<RefreshTokenSource, 'sessionId' | 'counter'>): Uint8Array {
  const number = new Uint8Array(COUNTER_BYTES);
  new DataView(number.buffer).setUint32(0, counter);
  return concatBytes([fromHex(sessionId.replaceAll('-', '')), number]);
}

function decode(body: string): Uint8Array | undefined {
  try {
    return fromBase64Url(body);
  } catch {
    return undefined;
  }
}

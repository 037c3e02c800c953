import { toBase64Url } from '../../encoding/base64.ts';
import { utf8 } from '../../encoding/bytes.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';

/** 128 bits of base64url at least (RFC 8555 section 8.3), and no more than anyone sends. */
const TOKEN = /^[A-Za-z0-9_-]{22,256}$/;

/** Whether a text can be a challenge's token. */
export function isToken(text: unknown): text is string {
  return typeof text === 'string' && TOKEN.test(text);
}

/**
 * Joins a token and the account's key (RFC 8555 section 8.1).
 *
 * @param thumbprint - of the account's key (RFC 7638)
 */
export function keyAuthorization(token: string, thumbprint: string): string {
  return `${token}.${thumbprint}`;
}

/** The value of the TXT record of dns-01 (RFC 8555 section 8.4). */
export async function dns01Value(authorization: string, crypto: CryptoProvider): Promise<string> {
  return toBase64Url(await crypto.digest('SHA-256', utf8(authorization)));
}

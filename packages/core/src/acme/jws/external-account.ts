import type { PublicJwk } from '../../crypto/jwk.ts';
import { fromBase64Url } from '../../encoding/base64.ts';
import { isBytes } from '../../encoding/bytes.ts';
import { InvalidInputError } from '../../errors/families.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import { type FlattenedJws, macJws } from './sign.ts';

/** What ties an ACME account to one that the CA knows already (RFC 8555 section 7.3.4). The CA hands it out. */
export interface ExternalAccountBinding {
  readonly kid: string;
  /** Base64url, as CAs print it, with or without padding; or bytes. */
  readonly hmacKey: string | Uint8Array;
}

/**
 * Reads an external account binding.
 *
 * @throws {InvalidInputError} INVALID_ARGUMENT: the message holds nothing of the key
 */
export function readExternalAccount({ kid, hmacKey }: ExternalAccountBinding): { kid: string; macKey: Uint8Array } {
  if (typeof kid !== 'string' || kid === '') throw invalid('kid must be text that the CA has given');
  const macKey = isBytes(hmacKey) ? Uint8Array.from(hmacKey) : decode(hmacKey);
  if (macKey.length === 0) throw invalid('hmacKey is empty');
  return { kid, macKey };
}

/** Signs the account's public key by the external account's. */
export async function bindExternalAccount(
  binding: ExternalAccountBinding,
  url: string,
  jwk: PublicJwk,
  crypto: CryptoProvider,
): Promise<FlattenedJws> {
  const { kid, macKey } = readExternalAccount(binding);
  const jws = await macJws(macKey, { kid, url }, jwk, crypto);
  macKey.fill(0);
  return jws;
}

function decode(text: unknown): Uint8Array {
  if (typeof text !== 'string') throw invalid('hmacKey must be base64url or bytes');
  try {
    return fromBase64Url(text.replace(/=+$/, '').replaceAll('+', '-').replaceAll('/', '_'));
  } catch {
    throw invalid('hmacKey is not base64url');
  }
}

function invalid(problem: string): InvalidInputError {
  return new InvalidInputError('INVALID_ARGUMENT', `externalAccountBinding: ${problem}`);
}

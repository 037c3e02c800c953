import { defaultCrypto } from '../../crypto/node-provider.ts';
import { fromBase64, toBase64 } from '../../encoding/base64.ts';
import { isBytes } from '../../encoding/bytes.ts';
import { InvalidInputError } from '../../errors/families.ts';
import { requireObject } from '../../errors/require-object.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';

const PREFIX = 'whsec_';
const MIN_LENGTH = 24;
const MAX_LENGTH = 64;
const GENERATED_LENGTH = 32;

/**
 * Makes a secret for a webhook, to be shared with its receiver.
 *
 * @returns 32 random bytes as Standard Webhooks writes them: `whsec_` and base64
 * @throws {InvalidInputError} INVALID_ARGUMENT: the options are no object
 */
export function generateWebhookSecret(options: { readonly crypto?: CryptoProvider } = {}): string {
  requireObject(options, 'generateWebhookSecret() options');
  const crypto = options.crypto ?? defaultCrypto;
  return PREFIX + toBase64(crypto.randomBytes(GENERATED_LENGTH));
}

/**
 * Reads a webhook's secret.
 *
 * @param secret - `whsec_` and base64, or bytes; 24 to 64 bytes
 * @returns a copy of the key
 * @throws {InvalidInputError} INVALID_ARGUMENT: it is not; the message holds nothing of it
 */
export function webhookKey(secret: string | Uint8Array): Uint8Array {
  const key = isBytes(secret) ? Uint8Array.from(secret) : decode(secret);
  if (key.length >= MIN_LENGTH && key.length <= MAX_LENGTH) return key;
  throw invalid(`has ${key.length} bytes, not ${MIN_LENGTH} to ${MAX_LENGTH}`);
}

function decode(secret: unknown): Uint8Array {
  if (typeof secret !== 'string' || !secret.startsWith(PREFIX))
    throw invalid(`is neither bytes nor ${PREFIX} and base64`);
  try {
    return fromBase64(secret.slice(PREFIX.length));
  } catch {
    throw invalid(`is not base64 behind ${PREFIX}`);
  }
}

function invalid(problem: string): InvalidInputError {
  return new InvalidInputError('INVALID_ARGUMENT', `The secret of a webhook ${problem}`);
}

import { toBase64 } from '../../encoding/base64.ts';
import { concatBytes, utf8 } from '../../encoding/bytes.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';

/** What a webhook's signature is over. */
export interface SignedWebhook {
  /** Without a full stop. */
  readonly id: string;
  /** Of the attempt, in seconds since the Unix epoch. */
  readonly timestamp: number;
  readonly body: Uint8Array;
}

/**
 * Signs a webhook after Standard Webhooks 1.0, scheme `v1`: HMAC-SHA-256 over id, timestamp and body.
 *
 * @param keys - one, or several while a secret is being replaced
 * @returns the value of the header `webhook-signature`: one signature a key
 */
export async function signWebhook(
  { id, timestamp, body }: SignedWebhook,
  keys: readonly Uint8Array[],
  crypto: CryptoProvider,
): Promise<string> {
  const signed = concatBytes([utf8(`${id}.${timestamp}.`), body]);
  const signatures: string[] = [];
  for (const key of keys) signatures.push(`v1,${toBase64(await crypto.hmac('SHA-256', key, signed))}`);
  return signatures.join(' ');
}

import { constantTimeEqual } from '../../crypto/constant-time.ts';
import { fromBase64Url, toBase64Url } from '../../encoding/base64.ts';
import { AuthenticationError } from '../../errors/families.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';

const SECRET_BYTES = 32;
const TEXT = /^[\w-]{43}$/;

/** A secret to be kept beside the tokens, such as in a cookie, and what the server keeps of it. */
export interface BindingSecret {
  readonly secret: string;
  readonly hash: string;
}

/** Draws a binding secret: 256 bits, of which the server keeps a hash. */
export async function drawBindingSecret(crypto: CryptoProvider): Promise<BindingSecret> {
  const bytes = crypto.randomBytes(SECRET_BYTES);
  return { secret: toBase64Url(bytes), hash: toBase64Url(await crypto.digest('SHA-256', bytes)) };
}

/**
 * Refuses a token that came without the secret that it is bound to. What is missing equals nothing.
 *
 * @throws {AuthenticationError} BINDING_REQUIRED: no secret, or another
 */
export async function checkBindingSecret(crypto: CryptoProvider, hash: string, secret: unknown): Promise<void> {
  if (typeof secret === 'string' && TEXT.test(secret)) {
    const bytes = decode(secret);
    if (bytes !== undefined && constantTimeEqual(await crypto.digest('SHA-256', bytes), fromBase64Url(hash))) return;
  }
  const what = secret === undefined ? 'none came with it' : 'another came with it';
  throw new AuthenticationError(
    'BINDING_REQUIRED',
    `The token is good with the secret that it is bound to, and ${what}`,
  );
}

function decode(secret: string): Uint8Array | undefined {
  try {
    return fromBase64Url(secret);
  } catch {
    return undefined;
  }
}

import { createHmac, type KeyObject, sign } from 'node:crypto';

const encode = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** How a forger signs. */
export type ForgedSignature =
  | { readonly hmac: string | Uint8Array }
  | { readonly key: KeyObject; readonly digest: string | null }
  | { readonly raw: Uint8Array }
  | { readonly none: true };

/**
 * A JWS as an attacker writes one, by `node:crypto` alone: any header, any payload, any signature.
 *
 * @param header an object, or the JSON text itself
 * @param payload an object, or the text itself
 */
export function forge(header: unknown, payload: unknown, signature: ForgedSignature): string {
  const input = `${encode(header)}.${encode(payload)}`;
  return `${input}.${Buffer.from(signatureOf(input, signature)).toString('base64url')}`;
}

function signatureOf(input: string, signature: ForgedSignature): Uint8Array {
  if ('hmac' in signature) return createHmac('sha256', signature.hmac).update(input).digest();
  if ('key' in signature) {
    const { key, digest } = signature;
    return sign(digest, Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
  }
  return 'raw' in signature ? signature.raw : new Uint8Array();
}

import { toBase64Url } from '../../encoding/base64.ts';
import { utf8 } from '../../encoding/bytes.ts';
import type { AccountsContext } from '../context.ts';

const COUNT = 10;
const LENGTH = 16;
// Crockford's: no letter that looks like a digit. Thirty-two of them, so that a byte's five bits draw one evenly.
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const FORM = /^[0-9a-hjkmnp-tv-z]{16}$/;

/** Fresh recovery codes, and what is stored of them. */
export interface RecoveryCodes {
  /** For the owner to write down: 80 random bits each, as `xxxx-xxxx-xxxx-xxxx`. */
  readonly codes: readonly string[];
  readonly hashes: readonly string[];
}

/** Draws ten recovery codes. */
export async function drawRecoveryCodes(context: AccountsContext, accountId: string): Promise<RecoveryCodes> {
  const plain = Array.from({ length: COUNT }, () =>
    Array.from(context.crypto.randomBytes(LENGTH), (byte) => ALPHABET[byte & 31]).join(''),
  );
  const hashes = await Promise.all(plain.map((code) => hashOf(context, accountId, code)));
  return { codes: plain.map((code) => code.match(/.{4}/g)?.join('-') ?? code), hashes };
}

/**
 * The keyed hash under which a recovery code would be stored.
 *
 * @param code - as it was typed: case, spaces and hyphens do not matter
 * @returns undefined where it cannot be one
 */
export async function recoveryCodeHash(
  context: AccountsContext,
  accountId: string,
  code: string,
): Promise<string | undefined> {
  const plain = code.toLowerCase().replace(/[\s-]/g, '');
  return FORM.test(plain) ? hashOf(context, accountId, plain) : undefined;
}

async function hashOf({ crypto, derivedKeys }: AccountsContext, accountId: string, plain: string): Promise<string> {
  const key = await derivedKeys.get('recovery codes');
  return toBase64Url(await crypto.hmac('SHA-256', key, utf8(`${accountId} ${plain}`)));
}

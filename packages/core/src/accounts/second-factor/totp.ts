import type { CryptoProvider } from '../../ports/crypto.ts';
import { toBase32 } from './base32.ts';

/** The length of a secret in bytes: that of the HMAC (RFC 4226 section 4). */
export const TOTP_SECRET_LENGTH = 20;

const STEP_MS = 30_000;
const DIGITS = 6;
/** Steps before and after the present one: clocks of phones are off, and people are slow (RFC 6238 section 5.2). */
const WINDOW = 1;
const FORM = /^\d{6}$/;

/** The code of one time step (RFC 6238 section 4, RFC 4226 section 5.3). */
export async function totpCode(crypto: CryptoProvider, secret: Uint8Array, step: number): Promise<string> {
  const counter = new Uint8Array(8);
  const view = new DataView(counter.buffer);
  view.setUint32(0, Math.floor(step / 2 ** 32));
  view.setUint32(4, step % 2 ** 32);
  const mac = await crypto.hmac('SHA-1', secret, counter);
  const offset = (mac[19] as number) & 15;
  const number = new DataView(mac.buffer, mac.byteOffset).getUint32(offset) & 0x7fffffff;
  return String(number % 10 ** DIGITS).padStart(DIGITS, '0');
}

/** The time step of an instant. */
export function totpStep(now: number): number {
  return Math.floor(now / STEP_MS);
}

/** Whether a text has the form of a code. */
export function isTotpCode(code: string): boolean {
  return FORM.test(code);
}

/**
 * Finds the step that a code is for, among the present one and its neighbors. Every candidate is computed, so that the time tells nothing.
 *
 * @returns the step; undefined where the code fits none
 */
export async function stepOfCode(
  crypto: CryptoProvider,
  secret: Uint8Array,
  code: string,
  now: number,
): Promise<number | undefined> {
  const present = totpStep(now);
  let found: number | undefined;
  for (let step = present - WINDOW; step <= present + WINDOW; step++) {
    const expected = await totpCode(crypto, secret, step);
    if (isSameCode(expected, code)) found = step;
  }
  return found;
}

/** The address that a QR code carries to an authenticator app. */
export function otpauthUri(secret: Uint8Array, issuer: string, login: string): string {
  const label = `${encodeURIComponent(issuer)}:${encodeURIComponent(login)}`;
  const parameters = `secret=${toBase32(secret)}&issuer=${encodeURIComponent(issuer)}&algorithm=SHA1&digits=${DIGITS}&period=${STEP_MS / 1000}`;
  return `otpauth://totp/${label}?${parameters}`;
}

function isSameCode(expected: string, given: string): boolean {
  let difference = expected.length ^ given.length;
  for (let at = 0; at < expected.length; at++) difference |= expected.charCodeAt(at) ^ given.charCodeAt(at);
  return difference === 0;
}

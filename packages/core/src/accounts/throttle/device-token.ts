import { constantTimeEqual } from '../../crypto/constant-time.ts';
import { fromBase64Url, toBase64Url } from '../../encoding/base64.ts';
import { concatBytes, fromUtf8, utf8 } from '../../encoding/bytes.ts';
import { toHex } from '../../encoding/hex.ts';
import { ChanceryError } from '../../errors/chancery-error.ts';
import type { AccountsContext } from '../context.ts';

const PREFIX = 'chancery_device_';
const VERSION = 1;
const DEVICE_ID_LENGTH = 16;
const ACCOUNT_ID_LENGTH = 36;
const MAC_LENGTH = 32;
const BODY_LENGTH = 1 + DEVICE_ID_LENGTH + ACCOUNT_ID_LENGTH + 4 + 8;
const LIFETIME_MS = 180 * 86_400_000;
const LONGEST = 256;

/** A device that has logged in to an account before. */
export interface KnownDevice {
  /** 32 hex digits. */
  readonly deviceId: string;
  readonly accountId: string;
  /** The account's epoch when the token was given: ending every session makes every device unknown again. */
  readonly epoch: number;
}

/**
 * Writes the token by which a device is known the next time. It opens nothing: it only tells the device from strangers, so that they cannot
 * lock its owner out.
 */
export async function writeDeviceToken(context: AccountsContext, device: KnownDevice): Promise<string> {
  const numbers = new Uint8Array(12);
  const view = new DataView(numbers.buffer);
  view.setUint32(0, device.epoch);
  view.setFloat64(4, context.clock.now() + LIFETIME_MS);
  const id = Uint8Array.from(device.deviceId.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  const body = concatBytes([Uint8Array.of(VERSION), id, utf8(device.accountId), numbers]);
  return PREFIX + toBase64Url(concatBytes([body, await macOf(context, body)]));
}

/**
 * Reads a device token.
 *
 * @returns undefined for one that is malformed, forged or expired: whoever brings it is a stranger, no more and no less
 */
export async function readDeviceToken(context: AccountsContext, token: string): Promise<KnownDevice | undefined> {
  const bytes = decode(token);
  if (bytes?.length !== BODY_LENGTH + MAC_LENGTH || bytes[0] !== VERSION) return undefined;
  const body = bytes.subarray(0, BODY_LENGTH);
  if (!constantTimeEqual(await macOf(context, body), bytes.subarray(BODY_LENGTH))) return undefined;
  const view = new DataView(body.buffer, body.byteOffset);
  if (view.getFloat64(BODY_LENGTH - 8) <= context.clock.now()) return undefined;
  return {
    deviceId: toHex(body.subarray(1, 1 + DEVICE_ID_LENGTH)),
    accountId: fromUtf8(body.subarray(1 + DEVICE_ID_LENGTH, 1 + DEVICE_ID_LENGTH + ACCOUNT_ID_LENGTH)),
    epoch: view.getUint32(BODY_LENGTH - 12),
  };
}

/** Draws the id of a device that is seen for the first time. */
export function newDeviceId({ crypto }: AccountsContext): string {
  return toHex(crypto.randomBytes(DEVICE_ID_LENGTH));
}

function decode(token: string): Uint8Array | undefined {
  if (!token.startsWith(PREFIX) || token.length > LONGEST) return undefined;
  try {
    return fromBase64Url(token.slice(PREFIX.length));
  } catch (error) {
    if (error instanceof ChanceryError) return undefined;
    throw error;
  }
}

async function macOf({ crypto, derivedKeys }: AccountsContext, body: Uint8Array): Promise<Uint8Array> {
  return crypto.hmac('SHA-256', await derivedKeys.get('device tokens'), body);
}

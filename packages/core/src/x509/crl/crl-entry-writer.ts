import { writeHeader } from '../../encoding/der/length.ts';
import { Tag } from '../../encoding/der/tags.ts';
import { isUtcTimeYear, writeTime } from '../../encoding/der/time.ts';
import { fromHex } from '../../encoding/hex.ts';
import { InvalidInputError } from '../../errors/families.ts';
import { quote } from '../../errors/quote.ts';
import { checkSerialNumber } from '../certificate/serial-number.ts';
import { type CrlReason, crlReasonCode } from './crl-reason.ts';

/** A revoked certificate as a CRL lists it (RFC 5280 section 5.1.2.6). */
export interface CrlEntry {
  /** Hexadecimal, or the big-endian magnitude. */
  readonly serialNumber: string | Uint8Array;
  /** Milliseconds since the epoch. */
  readonly revokedAt: number;
  /** Left out of the CRL when `unspecified`, as RFC 5280 section 5.3.1 recommends. */
  readonly reason?: CrlReason | undefined;
  /** When the key was, or is thought to have been, compromised: milliseconds since the epoch. */
  readonly invalidityDate?: number | undefined;
}

/** No entry that {@link writeCrlEntry} writes is longer, in bytes. */
export const MAX_ENTRY_LENGTH = 2 + 22 + 17 + 2 + 12 + 26;

/** Extension SEQUENCE, id-ce-cRLReasons, OCTET STRING, ENUMERATED; the code follows. */
export const REASON_PREFIX = Uint8Array.of(0x30, 10, 6, 3, 0x55, 0x1d, 0x15, 4, 3, 0x0a, 1);
/** Extension SEQUENCE, id-ce-invalidityDate, OCTET STRING, GeneralizedTime; its 15 characters follow. */
export const INVALIDITY_PREFIX = Uint8Array.of(0x30, 24, 6, 3, 0x55, 0x1d, 0x18, 4, 17, 0x18, 15);

const REASON_LENGTH = REASON_PREFIX.length + 1;
const INVALIDITY_LENGTH = INVALIDITY_PREFIX.length + 15;

/**
 * Writes one entry of revokedCertificates.
 *
 * @param target where to write; {@link MAX_ENTRY_LENGTH} bytes must be left
 * @param at at which offset
 * @param entry what to write; times are cut to whole seconds
 * @param isDelta whether it is for a delta CRL, which alone may say removeFromCRL
 * @returns the offset behind what was written
 * @throws {InvalidInputError} INVALID_ARGUMENT: the serial number, a time or the reason is impossible
 * @throws {InvalidInputError} HEX_INVALID: the serial number is text, but not hexadecimal
 */
export function writeCrlEntry(target: Uint8Array, at: number, entry: CrlEntry, isDelta: boolean): number {
  const serialNumber = serialBytes(entry.serialNumber);
  const signOctet = (serialNumber[0] as number) > 0x7f ? 1 : 0;
  const reason = reasonCode(entry.reason, isDelta);
  const { revokedAt, invalidityDate } = entry;
  const utc = isUtcTimeYear(revokedAt);
  const extensionsLength = (reason === 0 ? 0 : REASON_LENGTH) + (invalidityDate === undefined ? 0 : INVALIDITY_LENGTH);
  const serialLength = signOctet + serialNumber.length;
  const length = 2 + serialLength + (utc ? 15 : 17) + (extensionsLength === 0 ? 0 : 2 + extensionsLength);

  let next = writeHeader(target, at, Tag.sequence, length);
  next = writeHeader(target, next, Tag.integer, serialLength);
  // The target may hold remains of an entry that was refused, so the sign octet is written out.
  if (signOctet === 1) target[next++] = 0;
  next = put(target, next, serialNumber);
  next = writeHeader(target, next, utc ? Tag.utcTime : Tag.generalizedTime, utc ? 13 : 15);
  next = writeTime(target, next, revokedAt, utc ? 'utc' : 'generalized');
  if (extensionsLength === 0) return next;
  next = writeHeader(target, next, Tag.sequence, extensionsLength);
  if (reason !== 0) {
    next = put(target, next, REASON_PREFIX);
    target[next++] = reason;
  }
  if (invalidityDate === undefined) return next;
  return writeTime(target, put(target, next, INVALIDITY_PREFIX), invalidityDate, 'generalized');
}

function serialBytes(serialNumber: string | Uint8Array): Uint8Array {
  return checkSerialNumber(typeof serialNumber === 'string' ? fromHex(serialNumber) : serialNumber);
}

function reasonCode(reason: CrlReason | undefined, isDelta: boolean): number {
  if (reason === undefined) return 0;
  const code = crlReasonCode(reason);
  if (!(code >= 0)) throw new InvalidInputError('INVALID_ARGUMENT', `Unknown CRL reason ${quote(reason)}`);
  if (reason === 'removeFromCRL' && !isDelta) {
    throw new InvalidInputError('INVALID_ARGUMENT', 'The reason removeFromCRL belongs to delta CRLs only');
  }
  return code;
}

/** A loop: for so few bytes it is faster than a call into the runtime. */
function put(target: Uint8Array, at: number, bytes: Uint8Array): number {
  for (let index = 0; index < bytes.length; index++) target[at + index] = bytes[index] as number;
  return at + bytes.length;
}

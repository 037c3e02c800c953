import { InvalidInputError } from '../../errors/families.ts';
import { invalidDer } from './der-error.ts';

const DAY_MS = 86_400_000;
const DAYS_BEFORE_MONTH = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
const DAYS_IN_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** The latest time that DER can hold: 9999-12-31T23:59:59Z, which RFC 5280 section 4.1.2.5 gives for "no expiry". */
export const MAX_TIME_MS = 253_402_300_799_000;
const MIN_TIME_MS = -62_167_219_200_000;
const DAYS_TO_MARCH_OF_YEAR_0 = 719_468;

/**
 * Decodes the content of a UTCTime in the one form that RFC 5280 section 4.1.2.5.1 allows, `YYMMDDHHMMSSZ`.
 *
 * @param bytes the bytes that hold it
 * @param start where the content starts
 * @param end where it ends
 * @returns milliseconds since the epoch, for a year from 1950 to 2049
 * @throws {InvalidInputError} DER_INVALID: it has another form, or is no time of the calendar
 */
export function decodeUtcTime(bytes: Uint8Array, start: number, end: number): number {
  if (end - start !== 13) invalidDer('A UTCTime is not of the form YYMMDDHHMMSSZ', start);
  const year = twoDigits(bytes, start);
  return instant(year < 50 ? 2000 + year : 1900 + year, bytes, start + 2);
}

/**
 * Decodes the content of a GeneralizedTime in the one form that RFC 5280 section 4.1.2.5.2 allows, `YYYYMMDDHHMMSSZ`.
 *
 * @param bytes the bytes that hold it
 * @param start where the content starts
 * @param end where it ends
 * @returns milliseconds since the epoch
 * @throws {InvalidInputError} DER_INVALID: it has another form (a fraction, an offset), or is no time of the calendar
 */
export function decodeGeneralizedTime(bytes: Uint8Array, start: number, end: number): number {
  if (end - start !== 15) invalidDer('A GeneralizedTime is not of the form YYYYMMDDHHMMSSZ', start);
  return instant(twoDigits(bytes, start) * 100 + twoDigits(bytes, start + 2), bytes, start + 4);
}

/**
 * Writes the content of a UTCTime or a GeneralizedTime; a fraction of a second is cut off.
 *
 * @param target where to write
 * @param at at which offset
 * @param ms milliseconds since the epoch
 * @param form `utc` writes two digits of the year, 13 octets in all; `generalized` four, 15 octets
 * @returns the offset behind what was written
 * @throws {InvalidInputError} INVALID_ARGUMENT: the time is not within the years 0 to 9999
 */
export function writeTime(target: Uint8Array, at: number, ms: number, form: 'utc' | 'generalized'): number {
  if (!(ms >= MIN_TIME_MS && ms < MAX_TIME_MS + 1000)) {
    throw new InvalidInputError('INVALID_ARGUMENT', `Time ${ms} is not within the years 0 to 9999`);
  }
  const days = Math.floor(ms / DAY_MS);
  const second = Math.floor((ms - days * DAY_MS) / 1000);
  // A year that starts in March puts the leap day last, so that the length of every month follows from its number.
  const day = days + DAYS_TO_MARCH_OF_YEAR_0;
  const era = Math.floor(day / 146_097);
  const dayOfEra = day - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);

  let next = at;
  if (form === 'generalized') next = putDigits(target, next, Math.floor(year / 100));
  next = putDigits(target, next, year % 100);
  next = putDigits(target, next, month);
  next = putDigits(target, next, dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1);
  next = putDigits(target, next, Math.floor(second / 3600));
  next = putDigits(target, next, Math.floor(second / 60) % 60);
  next = putDigits(target, next, second % 60);
  target[next] = 0x5a;
  return next + 1;
}

/**
 * Tells whether RFC 5280 section 4.1.2.5 wants a time as UTCTime.
 *
 * @param ms milliseconds since the epoch
 * @returns true for the years 1950 to 2049
 */
export function isUtcTimeYear(ms: number): boolean {
  return ms >= -631_152_000_000 && ms < 2_524_608_000_000;
}

function twoDigits(bytes: Uint8Array, at: number): number {
  const tens = (bytes[at] as number) - 0x30;
  const ones = (bytes[at + 1] as number) - 0x30;
  if (tens < 0 || tens > 9 || ones < 0 || ones > 9) invalidDer('A time holds something other than a digit', at);
  return tens * 10 + ones;
}

function putDigits(target: Uint8Array, at: number, value: number): number {
  target[at] = 0x30 + Math.floor(value / 10);
  target[at + 1] = 0x30 + (value % 10);
  return at + 2;
}

function instant(year: number, bytes: Uint8Array, at: number): number {
  const month = twoDigits(bytes, at);
  const day = twoDigits(bytes, at + 2);
  const hour = twoDigits(bytes, at + 4);
  const minute = twoDigits(bytes, at + 6);
  const second = twoDigits(bytes, at + 8);
  if (bytes[at + 10] !== 0x5a) invalidDer('A time does not end in Z', at + 10);
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = month === 2 && leap ? 29 : (DAYS_IN_MONTH[month - 1] ?? 0);
  // A leap second cannot be told from the second before it in milliseconds since the epoch, so it is refused.
  if (day < 1 || day > days || hour > 23 || minute > 59 || second > 59) invalidDer('A time is not in the calendar', at);
  const before = year - 1;
  const leapDays = Math.floor(before / 4) - Math.floor(before / 100) + Math.floor(before / 400);
  const sinceYearOne = before * 365 + leapDays + (DAYS_BEFORE_MONTH[month - 1] as number) + (leap && month > 2 ? 1 : 0);
  return (sinceYearOne + day - 719_163) * DAY_MS + hour * 3_600_000 + minute * 60_000 + second * 1000;
}

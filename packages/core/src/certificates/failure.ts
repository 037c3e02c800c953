import { ChanceryError } from '../errors/chancery-error.ts';

const LONGEST_CODE = 64;
const LONGEST_MESSAGE = 1_000;

/** Why the last attempt did not succeed, as a document holds it. */
export interface StoredFailure {
  readonly code: string;
  readonly message: string;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** What a failure looks like in a document: code and message, which hold no secret. */
export function failureOf(error: unknown, now: number): StoredFailure {
  // What is not the SDK's own error may say anything.
  if (!(error instanceof ChanceryError)) return { code: 'UNKNOWN', message: 'An error of another kind', at: now };
  return storableFailure(error, now);
}

/** A failure of bounded length, in text that every storage takes: part of the message may come from an issuer. */
export function storableFailure(
  { code, message }: Pick<StoredFailure, 'code' | 'message'>,
  now: number,
): StoredFailure {
  return { code: storable(code, LONGEST_CODE), message: storable(message, LONGEST_MESSAGE), at: now };
}

/** The cut comes first, since it may divide a pair of surrogates. */
function storable(text: string, longest: number): string {
  return text.slice(0, longest).toWellFormed().replaceAll('\0', '');
}

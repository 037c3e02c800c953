import { z } from 'zod';
import type { Abortable } from '../../ports/abortable.ts';
import { abortSignal } from '../../store/abort-signal.ts';
import type { KeyMode } from '../format/envelope.ts';
import type { ByteRange } from '../format/opened-record.ts';
import { callersId, parseOptions, recordId, recordVersion } from '../options.ts';

/** Which record to read, and with what. */
export interface RetrieveRecordOptions extends Abortable {
  readonly ownerId: string;
  /** Default `default`. */
  readonly recordId?: string;
  /** What `store` gave, for a record in `user` or `dual` mode. */
  readonly key?: string | undefined;
  /** Read this version or none. */
  readonly version?: number;
  /** The version that was stored last, as the caller remembers it: tells when an old state of the database was put back. */
  readonly expectVersion?: number;
  /** Part of the content only, in bytes. */
  readonly range?: ByteRange;
}

/** What is known of a record that is being read. */
export interface RetrievedRecordInfo {
  readonly recordId: string;
  readonly version: number;
  readonly keyMode: KeyMode;
  readonly contentType?: string;
  /** Of the whole content, in bytes. */
  readonly contentLength: number;
  readonly storedAt: Date;
  readonly expiresAt?: Date;
  /** How many reads are left after this one, where they are limited. */
  readonly readsLeft?: number;
}

/** A record, or the part that was asked for. */
export interface RetrievedRecord extends RetrievedRecordInfo {
  readonly data: Uint8Array;
}

/** A record, or the part that was asked for, to be read piece by piece. */
export interface RetrievedRecordStream extends RetrievedRecordInfo {
  /**
   * Pieces of at most 16 KiB, each authenticated, and the end of the record before the first of them. Where something is wrong further
   * on, the stream fails there with a `SealError` or a `StorageError`: it never just ends.
   */
  readonly stream: ReadableStream<Uint8Array>;
}

const offset = z.number().int().nonnegative();

const retrieveOptions = z.strictObject({
  ownerId: callersId,
  recordId,
  key: z.string().optional(),
  version: recordVersion.optional(),
  expectVersion: recordVersion.optional(),
  range: z
    .strictObject({ start: offset, end: offset.optional() })
    .refine(({ start, end = start }) => end >= start, 'ends before it starts')
    .optional(),
  signal: abortSignal,
});

/** The options of `retrieve`, checked and complete. */
export type CheckedRetrieveOptions = z.infer<typeof retrieveOptions>;

/**
 * Checks the options of `retrieve`.
 *
 * @throws {InvalidInputError} INVALID_ARGUMENT: names the option at fault
 */
export function checkRetrieveOptions(given: RetrieveRecordOptions): CheckedRetrieveOptions {
  return parseOptions(retrieveOptions, given, 'retrieve() options');
}

/** A checked range as the format takes it. */
export function byteRange({ start, end }: NonNullable<CheckedRetrieveOptions['range']>): ByteRange {
  return end === undefined ? { start } : { start, end };
}

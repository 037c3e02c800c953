import { z } from 'zod';
import { isBytes } from '../../encoding/bytes.ts';
import { InvalidInputError } from '../../errors/families.ts';
import type { Abortable } from '../../ports/abortable.ts';
import type { Clock } from '../../ports/clock.ts';
import { abortSignal } from '../../store/abort-signal.ts';
import type { KeyMode } from '../format/envelope.ts';
import type { Padding } from '../format/padding.ts';
import { callersId, parseOptions, recordId, recordVersion } from '../options.ts';

/** What is stored: text, bytes, or bytes that come piece by piece. */
export type RecordData = string | Uint8Array | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;

/** What to store, for whom, and how. */
export interface StoreRecordOptions extends Abortable {
  /** Whose record it is: 1 to 1,024 bytes. Storage never sees it. */
  readonly ownerId: string;
  /** Which of the owner's records it is: 1 to 1,024 bytes, `default` by default. Storage never sees it. */
  readonly recordId?: string;
  /** Of any length. Text is stored in UTF-8. Bytes must not change until the promise settles. */
  readonly data: RecordData;
  /** Whose key opens it: the user's (the default), one kept by the vault, or both together. */
  readonly keyMode?: KeyMode;
  /** From then on the record is gone. Default: never. */
  readonly expiresAt?: Date;
  /** How often it can be read, 1 to 1,000,000. Default: any number of times. */
  readonly maxReads?: number;
  /** The version that must be there; `null`: none. Default: whatever is there is replaced. */
  readonly ifVersion?: number | null;
  /** 1 to 255 printable ASCII characters, sealed with the content. */
  readonly contentType?: string;
  /** `padme` hides the length but for a class of lengths, at most 12 % above. Default `none`. */
  readonly padding?: Padding;
}

/** A record that was stored. */
export interface StoredRecord {
  readonly recordId: string;
  /** Counts the versions of the record from 1; it never comes again, also after a deletion. */
  readonly version: number;
  /** The user's key, or half, as text. It is kept nowhere: without it the record cannot be read. Absent in `managed` mode. */
  readonly key?: string;
}

const storeOptions = z.strictObject({
  ownerId: callersId,
  recordId,
  data: z.custom<RecordData>(
    (value) =>
      typeof value === 'string' ||
      isBytes(value) ||
      value instanceof ReadableStream ||
      (typeof value === 'object' && value !== null && Symbol.asyncIterator in value),
    'expected a string, bytes or a stream',
  ),
  keyMode: z.enum(['user', 'managed', 'dual']).default('user'),
  expiresAt: z.date().optional(),
  maxReads: z.number().int().min(1).max(1_000_000).optional(),
  ifVersion: recordVersion.nullable().optional(),
  contentType: z.string().optional(),
  padding: z.enum(['none', 'padme']).optional(),
  signal: abortSignal,
});

/** The options of `store`, checked and complete. */
export type CheckedStoreOptions = z.infer<typeof storeOptions>;

/**
 * Checks the options of `store`.
 *
 * @throws {InvalidInputError} INVALID_ARGUMENT: names the option at fault
 */
export function checkStoreOptions(given: StoreRecordOptions, clock: Clock): CheckedStoreOptions {
  const options = parseOptions(storeOptions, given, 'store() options');
  const { expiresAt } = options;
  if (expiresAt === undefined || expiresAt.getTime() > clock.now()) return options;
  const message = `expiresAt must be in the future, not ${expiresAt.toISOString()}`;
  throw new InvalidInputError('INVALID_ARGUMENT', message, { issues: [{ path: ['expiresAt'], message }] });
}

import { z } from 'zod';
import type { Abortable } from '../../ports/abortable.ts';
import { abortSignal } from '../../store/abort-signal.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import { records } from '../collections.ts';
import type { VaultContext } from '../context.ts';
import type { KeyMode } from '../format/envelope.ts';
import { callersId, pageLimit, parseOptions } from '../options.ts';
import { openCard, type RecordCard, type RecordState, stateOf } from './record.ts';

/** Whose records to list. */
export interface ListRecordsOptions extends Abortable {
  readonly ownerId: string;
  /** List those that were deleted and can still be brought back, instead of those that can be read. Default false. */
  readonly deleted?: boolean;
  /** 1 to 1,000 records a page; a page may have fewer. Default 100. */
  readonly limit?: number;
  /** From the page before. */
  readonly cursor?: string;
}

/** What the vault knows of a record without its key. */
export interface RecordDescription {
  readonly recordId: string;
  readonly version: number;
  readonly keyMode: KeyMode;
  readonly contentType?: string;
  /** In bytes. */
  readonly contentLength: number;
  readonly storedAt: Date;
  readonly expiresAt?: Date;
  readonly maxReads?: number;
  /** How many reads were counted; only those of a record with `maxReads` are. */
  readonly reads: number;
  readonly deletedAt?: Date;
}

const listOptions = z.strictObject({
  ownerId: callersId,
  deleted: z.boolean().default(false),
  limit: pageLimit.default(100),
  cursor: z.string().optional(),
  signal: abortSignal,
});

/** Lists an owner's records. See `RecordVault.list`. */
export async function listRecords(
  { store, clock, owners }: VaultContext,
  given: ListRecordsOptions,
): Promise<{ items: RecordDescription[]; cursor?: string }> {
  const { ownerId, deleted, limit, cursor, signal } = parseOptions(listOptions, given, 'list() options');
  throwIfAborted(signal);
  const owner = await owners.find(ownerId);
  if (owner === undefined) return { items: [] };
  const page = await store.query(records, {
    index: 'byOwner',
    equals: { owner: owner.value.owner },
    limit,
    ...(cursor === undefined ? {} : { cursor }),
  });
  const wanted: RecordState = deleted ? 'deleted' : 'live';
  const items: RecordDescription[] = [];
  for (const entry of page.entries) {
    const { card } = await openCard(store, owner, entry);
    if (stateOf(card, clock.now()) === wanted) items.push(describe(card));
  }
  return page.cursor === undefined ? { items } : { items, cursor: page.cursor };
}

function describe(card: RecordCard): RecordDescription {
  const { recordId, version, keyMode, contentType, contentLength, storedAt, reads, maxReads } = card;
  const { expiresAt, deletedAt } = card;
  return {
    recordId,
    version,
    keyMode,
    contentLength,
    storedAt: new Date(storedAt),
    reads,
    ...(contentType === undefined ? {} : { contentType }),
    ...(expiresAt === undefined ? {} : { expiresAt: new Date(expiresAt) }),
    ...(maxReads === undefined ? {} : { maxReads }),
    ...(deletedAt === undefined ? {} : { deletedAt: new Date(deletedAt) }),
  };
}

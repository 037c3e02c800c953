import type { Abortable } from '../../ports/abortable.ts';
import type { Entry } from '../../store/store.ts';
import { records } from '../collections.ts';
import type { VaultContext } from '../context.ts';
import type { Owner } from '../owners/owner.ts';
import { recordEvent } from '../vault-event.ts';
import { openCard, type RecordCard, type RecordValue, sealCard } from './record.ts';
import { recordNotFound, requireLive, versionConflict } from './record-errors.ts';
import { discardBody, READERS_GRACE_MS } from './removal.ts';

/** Readers who come at one time all move one document. */
const ATTEMPTS = 60;
const DAY_MS = 86_400_000;

/**
 * Takes one of the reads that a record allows. With the last one the content leaves storage: from the record's document at once, from
 * the chunk documents after the time that it takes to read them.
 *
 * @param entry what was read and is about to be handed out
 * @returns the card, with this read counted
 * @throws {ConflictError} RECORD_READS_SPENT: others took the last one
 * @throws {NotFoundError} RECORD_NOT_FOUND: deleted or expired meanwhile
 * @throws {ConflictError} RECORD_VERSION_CONFLICT: replaced meanwhile
 */
export async function countRead(
  context: VaultContext,
  owner: Owner,
  { id, value: read }: Entry<RecordValue>,
  options: Abortable,
): Promise<RecordCard> {
  const { store, clock, undeleteForMs } = context;
  return store.transact(
    async (transaction) => {
      const entry = await transaction.get(records, id);
      if (entry === undefined) throw recordNotFound(id);
      const { card } = await openCard(store, owner, entry);
      requireLive(id, card, clock.now());
      if (entry.value.subject !== read.subject || card.version !== read.version) {
        throw versionConflict(id, read.version, card.version);
      }
      const counted = { ...card, reads: card.reads + 1 };
      const { value, bytes, dueAt } = entry;
      if (counted.reads < (card.maxReads ?? Number.POSITIVE_INFINITY)) {
        const moved = { ...value, card: await sealCard(store, owner, id, counted) };
        transaction.put(records, id, moved, { ...(bytes && { bytes }), ...(dueAt !== undefined && { dueAt }) });
        return counted;
      }
      const { body: _body, heldKey: _heldKey, ...rest } = counted;
      const spent: RecordCard = { ...rest, sealedLength: 0, spentAt: clock.now() };
      const { body: _chunks, ...kept } = value;
      const moved = {
        ...kept,
        sealedLength: 0,
        revision: value.revision + 1,
        card: await sealCard(store, owner, id, spent),
      };
      const purgeAt = clock.now() + Math.max(undeleteForMs, DAY_MS);
      transaction.put(records, id, moved, { dueAt: Math.min(purgeAt, dueAt ?? purgeAt) });
      for (const write of discardBody(store, value, READERS_GRACE_MS)) transaction.add(write);
      for (const write of recordEvent(context, 'record.spent', moved)) transaction.add(write);
      return spent;
    },
    { ...options, attempts: ATTEMPTS },
  );
}

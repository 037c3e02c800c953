import type { MaintenanceTask } from '../../ports/maintenance.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import type { Entry } from '../../store/store.ts';
import type { Transaction } from '../../store/transaction.ts';
import { owners, records } from '../collections.ts';
import type { VaultContext } from '../context.ts';
import { recordEvent } from '../vault-event.ts';
import type { RecordValue } from './record.ts';
import { discardBody } from './removal.ts';

const HOUR_MS = 3_600_000;
const LEASE_MS = 60_000;

/**
 * Takes a record out of storage for good. Its version stays behind as the owner's floor, so that a later record of the same id cannot be
 * taken for this one.
 *
 * @param entry as the transaction has read it, or at the version of a claim
 */
export async function purgeRecord(
  context: VaultContext,
  transaction: Transaction,
  { id, version, value }: Entry<RecordValue>,
  event: 'record.purged' | 'record.deleted' = 'record.purged',
): Promise<void> {
  const { store } = context;
  const query = { index: 'byOwner', equals: { owner: value.owner }, limit: 1, withBytes: true };
  const [owner] = (await store.query(owners, query)).entries;
  if (owner !== undefined) {
    // Moved in any case: a store whose answer was lost must find the owner changed, rather than the record's place free.
    const floor = { ...owner.value, versionFloor: Math.max(owner.value.versionFloor, value.version) };
    // At the version that was found: an owner that is filed elsewhere by now has to be found again, not left without a floor.
    transaction.put(owners, owner.id, floor, { ifVersion: owner.version, ...(owner.bytes && { bytes: owner.bytes }) });
  }
  transaction.delete(records, id, { ifVersion: version });
  for (const write of discardBody(store, value, 0)) transaction.add(write);
  const told = { ...value, revision: value.revision + 1 };
  for (const write of recordEvent(context, event, told)) transaction.add(write);
}

/** Purges what is past its expiry or past its time to be brought back. */
export function purgeTask(context: VaultContext): MaintenanceTask {
  const { store, clock } = context;
  return {
    name: `vault:${store.namespace}:purge`,
    async run({ limit, signal }) {
      const due = await store.claim(records, { limit, leaseMs: LEASE_MS });
      for (const claimed of due) {
        throwIfAborted(signal);
        await store.transact(async (transaction) => {
          const entry = await transaction.get(records, claimed.id);
          // A store that came in between has put the record in another place of the queue, or out of it.
          if (entry?.version === claimed.version) await purgeRecord(context, transaction, entry);
        });
      }
      const more = due.length === limit;
      return { more, nextDueAt: clock.now() + (more ? 0 : HOUR_MS) };
    },
  };
}

import type { Keyring } from '../keyring/keyring.ts';
import type { MaintenanceTask } from '../ports/maintenance.ts';
import { throwIfAborted } from '../store/backoff.ts';
import type { Collection } from '../store/collection.ts';
import { openField, type SealedField, sealField } from '../store/seal.ts';
import { CHECKPOINT_KEY_PLACE } from './checkpoints/checkpoint-key.ts';
import { checkpointKeys, ownerKeys } from './event-collections.ts';
import type { LogContext } from './log-context.ts';
import { ownerKeyPlace } from './personal/owner-keys.ts';

const DAY_MS = 24 * 3_600_000;
const PAGE = 200;

/** The chore of sealing anew the keys that a former key of the keyring sealed, so that it can be taken out of use. */
export function resealTask(context: LogContext, keyring: Keyring): MaintenanceTask {
  const { store, clock } = context;
  // Walked to the end under this key of the keyring: nothing is left until it rotates.
  let finishedUnder: string | undefined;
  let cursor: string | undefined;
  return {
    name: `events:${store.namespace}:reseal`,
    async run({ limit, signal }) {
      const current = keyring.currentKeyId;
      if (finishedUnder === current) return { more: false, nextDueAt: clock.now() + DAY_MS };
      await reseal(context, keyring, checkpointKeys, CHECKPOINT_KEY_PLACE);
      for (let seen = 0; seen < limit; ) {
        throwIfAborted(signal);
        const query = { index: 'byAge', limit: Math.min(PAGE, limit - seen), withBytes: true };
        const page = await store.query(ownerKeys, cursor === undefined ? query : { ...query, cursor });
        for (const { id, bytes } of page.entries) {
          if (bytes && keyring.needsReseal(bytes)) await reseal(context, keyring, ownerKeys, ownerKeyPlace(id));
        }
        seen += page.entries.length;
        cursor = page.cursor;
        if (cursor === undefined) {
          finishedUnder = current;
          return { more: false, nextDueAt: clock.now() + DAY_MS };
        }
      }
      return { more: true, nextDueAt: clock.now() };
    },
  };
}

async function reseal<T extends object>(
  { store }: LogContext,
  keyring: Keyring,
  collection: Collection<T>,
  place: SealedField,
): Promise<void> {
  await store.transact(async (transaction) => {
    const entry = await transaction.get(collection, place.id);
    if (entry?.bytes === undefined || !keyring.needsReseal(entry.bytes)) return;
    const key = await openField(store, keyring, place, entry.bytes);
    const bytes = await sealField(store, keyring, place, key);
    key.fill(0);
    transaction.put(collection, place.id, entry.value, { bytes });
  });
}

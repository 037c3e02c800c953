import type { Keyring } from '../keyring/keyring.ts';
import type { Clock } from '../ports/clock.ts';
import type { MaintenanceTask } from '../ports/maintenance.ts';
import { throwIfAborted } from './backoff.ts';
import type { Collection } from './collection.ts';
import type { Entry } from './entry.ts';
import type { Store } from './store.ts';

const DAY = 86_400_000;
const LARGEST_PAGE = 1_000;

/** What is walked, and how one document's bytes are sealed anew. */
export interface ResealWalk<T extends object> {
  readonly name: string;
  readonly collection: Collection<T>;
  /** An index that every document of the collection is in. */
  readonly index: string;
  /** Opens a document's bytes and seals them under the current key. */
  readonly reseal: (entry: Entry<T>) => Promise<Uint8Array>;
}

/**
 * The chore of sealing anew, throughout a collection, what a former key of the keyring sealed, so that it can be taken out of use. It walks a
 * page a run, and begins again a day after its end.
 */
export function resealWalk<T extends object>(
  { store, keyring, clock }: { readonly store: Store; readonly keyring: Keyring; readonly clock: Clock },
  { name, collection, index, reseal }: ResealWalk<T>,
): MaintenanceTask {
  // Where the walk has come to is kept in memory: walking again costs no more than reading.
  let cursor: string | undefined;
  return {
    name,
    async run({ limit, signal }) {
      const page = await store.query(collection, {
        index,
        limit: Math.min(limit, LARGEST_PAGE),
        withBytes: true,
        ...(cursor === undefined ? {} : { cursor }),
      });
      const failures: unknown[] = [];
      for (const entry of page.entries) {
        throwIfAborted(signal);
        if (entry.bytes === undefined || !keyring.needsReseal(entry.bytes)) continue;
        try {
          const { id, value, version: ifVersion, expiresAt } = entry;
          const options = { bytes: await reseal(entry), ifVersion, ...(expiresAt === undefined ? {} : { expiresAt }) };
          // Whoever changed the document meanwhile has sealed it anew, or retired it: the next walk sees.
          await store.commit([store.put(collection, id, value, options)]);
        } catch (error) {
          // One secret that does not open must not keep the others under the former key.
          failures.push(error);
        }
      }
      cursor = page.cursor;
      if (failures.length > 0) throw failures[0];
      const more = cursor !== undefined;
      return { more, nextDueAt: clock.now() + (more ? 0 : DAY) };
    },
  };
}

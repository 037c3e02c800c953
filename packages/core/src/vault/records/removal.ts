import type { Abortable } from '../../ports/abortable.ts';
import type { MaintenanceTask } from '../../ports/maintenance.ts';
import type { Write } from '../../ports/storage.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import type { Entry, Store } from '../../store/store.ts';
import { recordChunks, removals } from '../collections.ts';
import type { VaultContext } from '../context.ts';
import { givenSignal } from '../options.ts';
import { bodyChunkId } from './body.ts';
import type { RecordValue } from './record.ts';

const HOUR_MS = 3_600_000;
const LEASE_MS = 60_000;
const CHUNKS_A_COMMIT = 200;

/** For so long a body that was replaced or spent can be read on by those who have begun. In milliseconds. */
export const READERS_GRACE_MS = HOUR_MS;

/**
 * The writes that put a record's body on the list of removals, for the commit that drops the reference to it.
 *
 * @param inMs when it is removed, in milliseconds
 */
export function discardBody(store: Store, { owner, body }: RecordValue, inMs: number): Write[] {
  if (body === undefined) return [];
  const now = store.clock.now();
  const value = { owner, chunks: body.chunks, createdAt: now };
  return [store.put(removals, body.id, value, { dueAt: now + inMs })];
}

/**
 * Removes a body: its chunks first, and the entry that counts them last, so that a crash in between leaves a removal that starts over.
 *
 * @param removal at a version that the writer of the body does not know: claimed, or taken by `takeRemoval`
 */
export async function removeBody(
  store: Store,
  { id, value }: Pick<Entry<{ readonly chunks: number }>, 'id' | 'value'>,
  { signal }: Abortable = {},
): Promise<void> {
  for (let first = 0; first < value.chunks; first += CHUNKS_A_COMMIT) {
    throwIfAborted(signal);
    const count = Math.min(CHUNKS_A_COMMIT, value.chunks - first);
    await store.commit(
      Array.from({ length: count }, (_, at) => store.delete(recordChunks, bodyChunkId(id, first + at))),
    );
  }
  await store.commit([store.delete(removals, id)]);
}

/**
 * Removes every body of an owner that is on the list, those that are being written too: their writers find themselves shut out.
 *
 * @param owner the owner's random name
 */
export async function removeBodiesOf(store: Store, owner: string, options: Abortable = {}): Promise<void> {
  while (true) {
    throwIfAborted(options.signal);
    const { entries } = await store.query(removals, { index: 'byOwner', equals: { owner }, limit: 100 });
    if (entries.length === 0) return;
    for (const entry of entries) {
      const taken = store.put(removals, entry.id, entry.value, { ifVersion: entry.version, dueAt: store.clock.now() });
      // If the version has moved, the next page shows how many chunks there are by then.
      if ((await store.commit([taken])).committed) await removeBody(store, entry, options);
    }
  }
}

/** Removes what a crash left half written, and what was replaced, deleted or spent. */
export function removalTask({ store, clock }: VaultContext): MaintenanceTask {
  return {
    name: `vault:${store.namespace}:chunks`,
    async run({ limit, signal }) {
      const due = await store.claim(removals, { limit, leaseMs: LEASE_MS });
      for (const entry of due) {
        throwIfAborted(signal);
        await removeBody(store, entry, givenSignal({ signal }));
      }
      const more = due.length === limit;
      return { more, nextDueAt: clock.now() + (more ? 0 : HOUR_MS) };
    },
  };
}

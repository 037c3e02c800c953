import { type Abortable, signalOf } from '../../ports/abortable.ts';
import type { MaintenanceTask } from '../../ports/maintenance.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import { owners } from '../collections.ts';
import type { VaultContext } from '../context.ts';
import { withNewPseudonymKey } from '../settings/secrets.ts';
import { openOwnerPayload } from './owner.ts';

const DAY_MS = 86_400_000;
const PAGE = 100;

/** Files new owners under a fresh key from now on; the maintenance files the others anew. See `RecordVault.rotatePseudonymKey`. */
export async function rotatePseudonymKey({ settings, crypto }: VaultContext, options: Abortable): Promise<void> {
  const { signal } = signalOf(options);
  while (true) {
    throwIfAborted(signal);
    const loaded = await settings.fresh();
    if (await settings.replace(loaded, { secrets: withNewPseudonymKey(crypto, loaded.secrets) })) return;
  }
}

/** Files owners anew whose ids are hashed with a former key, and drops such a key once nobody is filed under it. */
export function refileTask(context: VaultContext): MaintenanceTask {
  const { store, settings, clock } = context;
  return {
    name: `vault:${store.namespace}:refile`,
    async run({ limit, signal }) {
      let done = 0;
      const failures: unknown[] = [];
      const loaded = await settings.fresh();
      const [newest, ...former] = loaded.secrets.pseudonymKeys;
      if (newest === undefined || former.length === 0) return { more: false, nextDueAt: clock.now() + DAY_MS };
      for (const { number } of former) {
        const query = { index: 'byPseudonymKey', equals: { pseudonymKey: String(number) }, limit: PAGE };
        for await (const { id } of store.walk(owners, query)) {
          throwIfAborted(signal);
          if (done === limit) return { more: true, nextDueAt: clock.now() };
          try {
            await refileOwner(context, id);
            done += 1;
          } catch (error) {
            failures.push(error);
          }
        }
      }
      if (failures.length > 0) throw failures[0];
      // New owners cannot have come under a former key since: their commit checks the settings.
      await settings.replace(loaded, { secrets: { ...loaded.secrets, pseudonymKeys: [newest] } });
      return { more: false, nextDueAt: clock.now() + DAY_MS };
    },
  };
}

async function refileOwner(
  { store, settings, owners: directory, erasureKeys }: VaultContext,
  id: string,
): Promise<void> {
  await store.transact(async (transaction) => {
    const entry = await transaction.get(owners, id);
    if (entry === undefined) return;
    const { ownerId, key } = await openOwnerPayload(erasureKeys, entry);
    key.fill(0);
    const place = await directory.newestPlace(await settings.fresh(), ownerId);
    if (place.documentId === id) return;
    const value = { ...entry.value, pseudonymKey: place.pseudonymKey };
    transaction.delete(owners, id);
    transaction.put(owners, place.documentId, value, { ifVersion: null, ...(entry.bytes && { bytes: entry.bytes }) });
  });
}

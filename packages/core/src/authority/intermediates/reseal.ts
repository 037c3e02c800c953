import type { MaintenanceTask } from '../../ports/maintenance.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import { openField, sealField } from '../../store/seal.ts';
import { intermediates } from '../collections.ts';
import type { AuthorityContext } from '../context.ts';
import { DAY } from '../validity.ts';
import { intermediateKeyPlace, listIntermediates } from './signing-state.ts';

/** Seals anew the intermediates' keys that a former key of the keyring sealed, so that it can be taken out of use. */
export function resealTask(context: AuthorityContext): MaintenanceTask {
  const { keyring, clock } = context;
  return {
    name: `authority:${context.name}:reseal`,
    async run({ limit, signal }) {
      let done = 0;
      const failures: unknown[] = [];
      for (const { id, bytes } of await listIntermediates(context)) {
        throwIfAborted(signal);
        if (bytes === undefined || !keyring.needsReseal(bytes)) continue;
        if (done === limit) return { more: true, nextDueAt: clock.now() };
        try {
          await resealKey(context, id);
          done += 1;
        } catch (error) {
          // One key that does not open must not keep the others under the former key.
          failures.push(error);
        }
      }
      if (failures.length > 0) throw failures[0];
      return { more: false, nextDueAt: clock.now() + DAY };
    },
  };
}

async function resealKey({ store, keyring }: AuthorityContext, id: string): Promise<void> {
  await store.transact(async (transaction) => {
    const entry = await transaction.get(intermediates, id);
    if (entry?.bytes === undefined || !keyring.needsReseal(entry.bytes)) return;
    const key = await openField(store, keyring, intermediateKeyPlace(id), entry.bytes);
    const bytes = await sealField(store, keyring, intermediateKeyPlace(id), key);
    key.fill(0);
    transaction.put(intermediates, id, entry.value, { bytes });
  });
}

import type { MaintenanceTask } from '../ports/maintenance.ts';
import { throwIfAborted } from '../store/backoff.ts';
import type { Entry } from '../store/entry.ts';
import { generationKeys } from './collections.ts';
import type { CertificatesContext } from './context.ts';
import { openGenerationKey, sealGenerationKey } from './generations/generation-key.ts';

const DAY = 86_400_000;

/** Seals anew the private keys that a former key of the keyring sealed, so that it can be taken out of use. */
export function resealTask(context: CertificatesContext): MaintenanceTask {
  const { store, clock } = context;
  // Where the walk has come to is kept in memory: walking again costs no more than reading.
  let cursor: string | undefined;
  return {
    name: 'certificates:reseal',
    async run({ limit, signal }) {
      const page = await store.query(generationKeys, {
        index: 'byAge',
        limit: Math.min(limit, 1_000),
        withBytes: true,
        ...(cursor === undefined ? {} : { cursor }),
      });
      const failures: unknown[] = [];
      for (const entry of page.entries) {
        throwIfAborted(signal);
        try {
          await resealKey(context, entry);
        } catch (error) {
          // One key that does not open must not keep the others under the former key.
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

/** Whoever changed the document meanwhile has sealed it anew, or retired it: the next walk sees. */
async function resealKey(
  context: CertificatesContext,
  entry: Entry<typeof generationKeys.schema._output>,
): Promise<void> {
  const { store, keyring } = context;
  const { id, value, version, bytes: sealed, expiresAt } = entry;
  if (sealed === undefined || !keyring.needsReseal(sealed)) return;
  const bytes = await sealGenerationKey(context, id, await openGenerationKey(context, entry));
  const options = { bytes, ifVersion: version, ...(expiresAt === undefined ? {} : { expiresAt }) };
  await store.commit([store.put(generationKeys, id, value, options)]);
}

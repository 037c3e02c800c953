import type { MaintenanceTask } from '../ports/maintenance.ts';
import { throwIfAborted } from '../store/backoff.ts';
import type { Collection } from '../store/collection.ts';
import type { Entry } from '../store/entry.ts';
import { openField, sealField } from '../store/seal.ts';
import type { AccountsContext } from './context.ts';
import { credentials, openHash, sealHash } from './passwords/credential-record.ts';
import { openPasskey, passkeys, sealPasskey } from './second-factor/passkeys/passkey-record.ts';
import { secondFactors } from './second-factor/second-factor-record.ts';
import { openTotpSecret, sealTotpSecret } from './second-factor/second-factor-secret.ts';
import { sessionSecretPlace, sessions } from './sessions/session-record.ts';

const DAY = 86_400_000;

/** Seals anew the hashes, secrets and keys that a former key of the keyring sealed, so that it can be taken out of use. */
export function resealTasks(context: AccountsContext): MaintenanceTask[] {
  return [
    {
      name: 'accounts:reseal:keys',
      async run() {
        await context.derivedKeys.reseal();
        return { more: false, nextDueAt: context.clock.now() + DAY };
      },
    },
    resealTask(context, 'passwords', credentials, async ({ id, bytes = new Uint8Array() }) =>
      sealHash(context, id, await openHash(context, id, bytes)),
    ),
    resealTask(context, 'second-factors', secondFactors, async (entry) =>
      sealTotpSecret(context, secondFactors, entry.id, await openTotpSecret(context, secondFactors, entry)),
    ),
    resealTask(context, 'passkeys', passkeys, async (entry) =>
      sealPasskey(context, entry.id, await openPasskey(context, entry)),
    ),
    resealTask(context, 'sessions', sessions, ({ id, bytes }) => resealSession(context, id, bytes)),
  ];
}

/** A session that nobody refreshes lives for as long as `refreshTokenTtlMs`. */
async function resealSession(
  { store, keyring }: AccountsContext,
  id: string,
  bytes: Uint8Array = new Uint8Array(),
): Promise<Uint8Array> {
  const place = sessionSecretPlace(id);
  const secret = await openField(store, keyring, place, bytes);
  const resealed = await sealField(store, keyring, place, secret);
  secret.fill(0);
  return resealed;
}

/** Walks one collection, a page a run; where it has come to is kept in memory, since walking again costs no more than reading. */
function resealTask<T extends object>(
  context: AccountsContext,
  name: string,
  collection: Collection<T>,
  reseal: (entry: Entry<T>) => Promise<Uint8Array>,
): MaintenanceTask {
  let cursor: string | undefined;
  return {
    name: `accounts:reseal:${name}`,
    async run({ limit, signal }) {
      const page = await context.store.query(collection, {
        index: 'byChange',
        limit: Math.min(limit, 1_000),
        withBytes: true,
        ...(cursor === undefined ? {} : { cursor }),
      });
      const failures: unknown[] = [];
      for (const entry of page.entries) {
        throwIfAborted(signal);
        try {
          await resealEntry(context, collection, entry, reseal);
        } catch (error) {
          // One secret that does not open must not keep the others under the former key.
          failures.push(error);
        }
      }
      cursor = page.cursor;
      if (failures.length > 0) throw failures[0];
      const more = cursor !== undefined;
      return { more, nextDueAt: context.clock.now() + (more ? 0 : DAY) };
    },
  };
}

/** Whoever changed the document meanwhile has sealed it anew. */
async function resealEntry<T extends object>(
  { store, keyring }: AccountsContext,
  collection: Collection<T>,
  entry: Entry<T>,
  reseal: (entry: Entry<T>) => Promise<Uint8Array>,
): Promise<void> {
  if (entry.bytes === undefined || !keyring.needsReseal(entry.bytes)) return;
  const { id, value, version: ifVersion, expiresAt } = entry;
  const bytes = await reseal(entry);
  const options = { bytes, ifVersion, ...(expiresAt === undefined ? {} : { expiresAt }) };
  await store.commit([store.put(collection, id, value, options)]);
}

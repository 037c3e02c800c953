import type { JsonObject } from '../../ports/storage.ts';
import type { Entry } from '../../store/entry.ts';
import type { EventRecord } from '../event-collections.ts';
import type { LogContext } from '../log-context.ts';
import { entryOf, type LogEntry } from '../log-entry.ts';
import type { OwnerKeys } from './owner-keys.ts';
import { openPersonal } from './personal-data.ts';

/**
 * Turns chained records into entries with their personal parts open; `null` where the owner was erased.
 *
 * @throws {ConflictError} EVENTS_KEYRING_MISSING: there is a personal part, and no keyring
 * @throws {SealError} a key or a personal part does not open
 * @throws {StorageError} any of its codes
 */
export async function entriesWithPersonal(
  { store, crypto }: LogContext,
  ownerKeys: OwnerKeys,
  records: readonly Entry<EventRecord>[],
): Promise<LogEntry[]> {
  const keys = await ownerKeys.byId(records.flatMap(({ value }) => value.personal?.key ?? []));
  const entries: LogEntry[] = [];
  for (const { id, value } of records) entries.push(entryOf(id, value, await open(id, value)));
  for (const key of keys.values()) key.fill(0);
  return entries;

  async function open(id: string, { personal }: EventRecord): Promise<JsonObject | null | undefined> {
    if (personal === undefined) return undefined;
    const key = keys.get(personal.key);
    return key ? openPersonal(crypto, key, { namespace: store.namespace, id }, personal.sealed) : null;
  }
}

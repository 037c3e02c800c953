import { z } from 'zod';
import { uuidv7 } from '../../crypto/random-id.ts';
import { NotFoundError } from '../../errors/families.ts';
import { type Abortable, signalOf } from '../../ports/abortable.ts';
import type { MaintenanceTask } from '../../ports/maintenance.ts';
import { abortSignal } from '../../store/abort-signal.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import { erasures, owners, records } from '../collections.ts';
import type { VaultContext } from '../context.ts';
import { callersId, givenSignal, parseOptions } from '../options.ts';
import { discardBody, removeBodiesOf } from '../records/removal.ts';
import { vaultEvent } from '../vault-event.ts';
import { type ErasureReceipt, type ErasureValue, ownerHash, signReceipt } from './receipt.ts';

const HOUR_MS = 3_600_000;
const LEASE_MS = 60_000;
const RECORDS_A_COMMIT = 100;

/** Whom to erase. */
export interface EraseOwnerOptions extends Abortable {
  readonly ownerId: string;
}

const eraseOptions = z.strictObject({ ownerId: callersId, signal: abortSignal });

/** Erases an owner. See `RecordVault.eraseOwner`. */
export async function eraseOwner(context: VaultContext, given: EraseOwnerOptions): Promise<ErasureReceipt> {
  const options = parseOptions(eraseOptions, given, 'eraseOwner() options');
  throwIfAborted(options.signal);
  const id = (await deleteOwner(context, options)) ?? (await lastErasure(context, options.ownerId));
  if (id === undefined) throw new NotFoundError('VAULT_OWNER_NOT_FOUND', 'The vault holds nothing of this owner');
  return signReceipt(context, { id, value: await finishErasure(context, id, givenSignal(options)) });
}

/** Finds the receipt of an erasure. See `RecordVault.erasureReceipt`. */
export async function erasureReceipt(context: VaultContext, id: string, options: Abortable): Promise<ErasureReceipt> {
  const checked = parseOptions(callersId, id, 'id of an erasure');
  throwIfAborted(signalOf(options).signal);
  const entry = await context.store.get(erasures, checked);
  if (entry === undefined) throw receiptNotFound(checked);
  return signReceipt(context, entry);
}

/** Goes on with erasures that were cut short. */
export function erasureTask(context: VaultContext): MaintenanceTask {
  const { store, clock } = context;
  return {
    name: `vault:${store.namespace}:erasures`,
    async run({ limit, signal }) {
      const due = await store.claim(erasures, { limit, leaseMs: LEASE_MS });
      for (const { id } of due) await finishErasure(context, id, givenSignal({ signal }));
      const more = due.length === limit;
      return { more, nextDueAt: clock.now() + (more ? 0 : HOUR_MS) };
    },
  };
}

/**
 * Deletes the owner's document, and with it the owner's key: from this commit on nothing can be stored or read for the owner. What is left
 * to be done is written down in the same commit.
 *
 * @returns the id of the erasure; undefined where there is no such owner
 */
async function deleteOwner(
  context: VaultContext,
  { ownerId, signal }: z.infer<typeof eraseOptions>,
): Promise<string | undefined> {
  const { store, clock, crypto, settings } = context;
  const id = uuidv7(clock, crypto);
  return store.transact(async (transaction) => {
    const owner = await context.owners.find(ownerId);
    if (owner === undefined) return undefined;
    const loaded = await settings.fresh();
    const { owner: name, erasureKey } = owner.value;
    const now = clock.now();
    const value: ErasureValue = {
      owner: name,
      ownerHash: await ownerHash(crypto, loaded.secrets, ownerId),
      erasureKeys: [...loaded.value.retiring.map((key) => key.id), erasureKey].filter(unique),
      state: 'erasing',
      records: 0,
      requestedAt: now,
    };
    transaction.add(settings.check(loaded));
    transaction.delete(owners, owner.documentId, { ifVersion: owner.version });
    transaction.put(erasures, id, value, { ifVersion: null, dueAt: now + LEASE_MS });
    context.owners.forget(owner);
    return id;
  }, givenSignal({ signal }));
}

/** Deletes what an erasure has left over, and completes it. Any number of instances may do so at one time. */
async function finishErasure(context: VaultContext, id: string, options: Abortable): Promise<ErasureValue> {
  const { store, clock } = context;
  while (true) {
    throwIfAborted(options.signal);
    const entry = await store.get(erasures, id);
    if (entry === undefined) throw receiptNotFound(id);
    const { value } = entry;
    if (value.state !== 'erasing') return value;
    const { owner } = value;
    const page = await store.query(records, { index: 'byOwner', equals: { owner }, limit: RECORDS_A_COMMIT });
    if (page.entries.length > 0) {
      const counted = { ...value, records: value.records + page.entries.length };
      // Counted and deleted in one commit, and only by one of those who try: the others read what is left.
      await store.commit([
        store.put(erasures, id, counted, { ifVersion: entry.version, dueAt: clock.now() + LEASE_MS }),
        ...page.entries.flatMap((record) => [
          store.delete(records, record.id, { ifVersion: record.version }),
          ...discardBody(store, record.value, 0),
        ]),
      ]);
      continue;
    }
    await removeBodiesOf(store, owner, options);
    const erased: ErasureValue = { ...value, state: 'erased', erasedAt: clock.now() };
    const event = { type: 'owner.erased', subject: owner, revision: 1, data: { erasure: id, records: value.records } };
    const writes = [store.put(erasures, id, erased, { ifVersion: entry.version }), ...vaultEvent(context, event)];
    if ((await store.commit(writes)).committed) return erased;
  }
}

/** So that asking again, after an answer was lost, gives the receipt. */
async function lastErasure({ store, crypto, settings }: VaultContext, ownerId: string): Promise<string | undefined> {
  const { secrets } = await settings.current();
  const equals = { ownerHash: await ownerHash(crypto, secrets, ownerId) };
  const { entries } = await store.query(erasures, { index: 'byOwnerHash', equals, direction: 'descending', limit: 1 });
  return entries[0]?.id;
}

function receiptNotFound(id: string): NotFoundError {
  return new NotFoundError('ERASURE_NOT_FOUND', `There is no erasure ${JSON.stringify(id.slice(0, 64))}`, {
    facts: { erasure: id.slice(0, 64) },
  });
}

function unique(value: string, at: number, all: readonly string[]): boolean {
  return all.indexOf(value) === at;
}

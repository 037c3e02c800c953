import { z } from 'zod';
import { fromBase64 } from '../../encoding/base64.ts';
import { SealError } from '../../errors/families.ts';
import type { Abortable } from '../../ports/abortable.ts';
import type { MaintenanceTask } from '../../ports/maintenance.ts';
import { abortSignal } from '../../store/abort-signal.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import { erasures, owners } from '../collections.ts';
import type { VaultContext } from '../context.ts';
import { pageLimit, parseOptions } from '../options.ts';
import { openOwnerPayload, sealOwner } from '../owners/owner.ts';
import type { ErasureKeyMark, LoadedSettings } from '../settings/settings.ts';
import { vaultEvent } from '../vault-event.ts';

const HOUR_MS = 3_600_000;
const PAGE = 100;

/** How much to re-wrap. */
export interface RewrapOptions extends Abortable {
  /** How many owners at the most, 1 to 1,000. */
  readonly limit: number;
}

/** What a re-wrapping came to. */
export interface RewrapResult {
  /** How many owners' keys were wrapped anew. */
  readonly rewrapped: number;
  /** How many erasures' backups were closed. */
  readonly closed: number;
  /** Whether owners' keys are left under an erasure key that is to be destroyed. */
  readonly more: boolean;
}

const rewrapOptions = z.strictObject({ limit: pageLimit, signal: abortSignal });

/** Does a piece of the way from an erasure to closed backups. See `RecordVault.rewrap`. */
export async function rewrap(context: VaultContext, given: RewrapOptions): Promise<RewrapResult> {
  const { limit, signal } = parseOptions(rewrapOptions, given, 'rewrap() options');
  let settings = await beginRotation(context, await context.settings.fresh());
  let rewrapped = 0;
  const failures: unknown[] = [];
  for (const key of settings.value.retiring) {
    const query = { index: 'byErasureKey', equals: { erasureKey: key.id }, limit: PAGE };
    for await (const { id } of context.store.walk(owners, query)) {
      throwIfAborted(signal);
      if (rewrapped === limit) return { rewrapped, closed: 0, more: true };
      try {
        if (await rewrapOwner(context, id)) rewrapped += 1;
      } catch (error) {
        // One owner whose key does not open must not keep the others under the former key.
        failures.push(error);
      }
    }
    settings = await retire(context, settings, key);
  }
  const closed = await closeBackups(context, settings, signal);
  if (failures.length > 0) throw failures[0];
  return { rewrapped, closed, more: false };
}

/** Wraps owners' keys anew once somebody was erased, destroys the former erasure key, and closes the backups. */
export function rewrapTask(context: VaultContext): MaintenanceTask {
  const { store, clock } = context;
  return {
    name: `vault:${store.namespace}:rewrap`,
    async run({ limit, signal }) {
      const { more } = await rewrap(context, { limit: Math.min(limit, 1_000), ...(signal && { signal }) });
      return { more, nextDueAt: clock.now() + (more ? 0 : HOUR_MS) };
    },
  };
}

/** Puts a new erasure key to use where the present one is to be destroyed. */
async function beginRotation(context: VaultContext, loaded: LoadedSettings): Promise<LoadedSettings> {
  const { settings, erasureKeys } = context;
  const { erasureKey: present, retiring } = loaded.value;
  // Not while the former ones still wrap something: else owners who are erased day by day would have it all wrapped again and again.
  const wanted = (await isAwaited(context, present.id)) && (await noneUnder(context, retiring));
  const successor = await erasureKeys.successor(present.id, wanted);
  if (successor === present.id) return loaded;
  const value = {
    erasureKey: await settings.mark(successor),
    retiring: [...retiring, present].filter(({ id }) => id !== successor),
  };
  const replaced = await settings.replace(loaded, { value });
  // Another instance was first, and nothing is under the key that was made here.
  if (!replaced) await erasureKeys.destroy(successor);
  return settings.fresh();
}

/** Whether an erasure waits for a key to be destroyed. */
async function isAwaited({ store }: VaultContext, keyId: string): Promise<boolean> {
  const query = { index: 'byState', equals: { state: 'erased' }, limit: PAGE };
  for await (const { value } of store.walk(erasures, query)) {
    if (value.erasureKeys.includes(keyId)) return true;
  }
  return false;
}

async function noneUnder({ store }: VaultContext, keys: readonly ErasureKeyMark[]): Promise<boolean> {
  for (const { id } of keys) {
    const query = { index: 'byErasureKey', equals: { erasureKey: id }, upTo: 1 };
    if ((await store.count(owners, query)) > 0) return false;
  }
  return true;
}

async function rewrapOwner({ store, settings, erasureKeys }: VaultContext, id: string): Promise<boolean> {
  return store.transact(async (transaction) => {
    const entry = await transaction.get(owners, id);
    const loaded = await settings.fresh();
    const { erasureKey, retiring } = loaded.value;
    if (entry === undefined || !retiring.some((key) => key.id === entry.value.erasureKey)) return false;
    const payload = await openOwnerPayload(erasureKeys, entry);
    const bytes = await sealOwner(erasureKeys, erasureKey.id, entry.value.owner, payload);
    payload.key.fill(0);
    const value = { ...entry.value, erasureKey: erasureKeys.keyIdOf(bytes) };
    transaction.put(owners, id, value, { bytes });
    transaction.add(settings.check(loaded));
    return true;
  });
}

/**
 * Destroys an erasure key that no owner needs any more, and strikes it off the list once it is seen to be gone. New owners cannot come
 * under it: their commit checks the settings, which have moved since the key was in use.
 */
async function retire(context: VaultContext, loaded: LoadedSettings, key: ErasureKeyMark): Promise<LoadedSettings> {
  const { settings, erasureKeys } = context;
  if (!(await noneUnder(context, [key]))) return loaded;
  await erasureKeys.destroy(key.id);
  if (!(await isGone(context, key))) return loaded;
  const retiring = loaded.value.retiring.filter(({ id }) => id !== key.id);
  await settings.replace(loaded, { value: { ...loaded.value, retiring } });
  return settings.fresh();
}

/** A key that cannot be reached is not a key that is gone. */
async function isGone({ settings }: VaultContext, { probe }: ErasureKeyMark): Promise<boolean> {
  try {
    await settings.openMark(fromBase64(probe));
    return false;
  } catch (error) {
    if (error instanceof SealError && error.code === 'SEAL_KEY_UNKNOWN') return true;
    throw error;
  }
}

/** Writes into every erasure whose keys are all destroyed that backups are closed. */
async function closeBackups(
  context: VaultContext,
  { value: { erasureKey, retiring } }: LoadedSettings,
  signal: AbortSignal | undefined,
): Promise<number> {
  const { store, clock } = context;
  const held = new Set([erasureKey, ...retiring].map(({ id }) => id));
  let closed = 0;
  for await (const { id, version, value } of store.walk(erasures, {
    index: 'byState',
    equals: { state: 'erased' },
    limit: PAGE,
  })) {
    throwIfAborted(signal);
    if (value.erasureKeys.some((key) => held.has(key))) continue;
    const event = { type: 'owner.backups_closed', subject: value.owner, revision: 2, data: { erasure: id } };
    const { committed } = await store.commit([
      store.put(erasures, id, { ...value, state: 'closed', backupsClosedAt: clock.now() }, { ifVersion: version }),
      ...vaultEvent(context, event),
    ]);
    if (committed) closed += 1;
  }
  return closed;
}

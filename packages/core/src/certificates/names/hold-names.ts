import type { Entry } from '../../store/entry.ts';
import type { Transaction } from '../../store/transaction.ts';
import { type ServedNameValue, servedNames } from '../collections.ts';
import type { CertificatesContext } from '../context.ts';
import { type NameHolder, sameHolders, withHolder, withoutHolder } from './name-holders.ts';
import { isServable } from './subject-names.ts';

/**
 * Adds to a transaction that a certificate holds names. Each is written once a transaction.
 *
 * @param names any; those that no TLS server can be asked for are passed over
 * @returns whether that changes anything
 * @throws {ConflictError} NAME_TAKEN: one is held for another account
 */
export async function holdNames(
  context: CertificatesContext,
  transaction: Transaction,
  names: readonly string[],
  holder: NameHolder,
  place: 'last' | 'same',
): Promise<boolean> {
  let changed = false;
  for (const { name, entry } of await readNames(context, names)) {
    const value = withHolder(name, entry?.value, holder, place);
    if (entry !== undefined && sameHolders(entry.value, value)) {
      transaction.check(servedNames, name, entry.version);
      continue;
    }
    transaction.put(servedNames, name, value, { ifVersion: entry?.version ?? null });
    changed = true;
  }
  return changed;
}

/** Adds to a transaction that a certificate holds names no longer. */
export async function releaseNames(
  context: CertificatesContext,
  transaction: Transaction,
  names: readonly string[],
  certificateId: string,
): Promise<void> {
  for (const { name, entry } of await readNames(context, names)) {
    if (entry === undefined || !entry.value.holders.some((each) => each.certificateId === certificateId)) continue;
    const value = withoutHolder(entry.value, certificateId);
    if (value === undefined) transaction.delete(servedNames, name, { ifVersion: entry.version });
    else transaction.put(servedNames, name, value, { ifVersion: entry.version });
  }
}

/** One read for all of them, where a transaction's own would be one each; the versions guard the commit all the same. */
async function readNames(
  { store }: CertificatesContext,
  names: readonly string[],
): Promise<{ readonly name: string; readonly entry: Entry<ServedNameValue> | undefined }[]> {
  const servable = names.filter(isServable);
  if (servable.length === 0) return [];
  const entries = await store.getMany(servable.map((id) => ({ collection: servedNames, id })));
  return servable.map((name, at) => ({ name, entry: entries[at] }));
}

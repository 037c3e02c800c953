import { CrlEntries } from '../../x509/crl/crl-entries.ts';
import type { CrlEntry } from '../../x509/crl/crl-entry-writer.ts';
import { revokedCertificatesOf } from '../../x509/crl/revoked-certificates.ts';
import { SerialNumberSet } from '../../x509/crl/serial-number-set.ts';
import { ledger } from '../collections.ts';
import type { AuthorityContext } from '../context.ts';
import { type ChangedCertificate, crlEntry } from './crl-changes.ts';
import type { CrlScope } from './crl-scope.ts';
import { readCrl, type StoredCrls } from './stored-crls.ts';

const PAGE = 1_000;

/**
 * What the next complete CRL of a scope lists: what the last one lists and what has changed since. An entry whose certificate has expired
 * stays until a CRL was issued after that (RFC 5280 section 5).
 *
 * @param last - the scope's newest CRLs
 * @param changed - what the last one does not show
 * @param listedFrom - certificates that ended before this instant leave; epoch milliseconds
 */
export async function nextEntries(
  context: AuthorityContext,
  scope: CrlScope,
  last: StoredCrls,
  changed: readonly ChangedCertificate[],
  listedFrom: number,
): Promise<CrlEntries> {
  // The last one was signed by a clock that was ahead, and has left out what is still to be listed.
  if (listedFrom < last.listedFrom) return allEntries(context, scope, listedFrom);
  const expired = await expiredBetween(context, scope, last.listedFrom, listedFrom);
  const { der } = await readCrl(context, scope.id, 'complete', last);
  const leaving = new SerialNumberSet([...expired, ...changed.map(({ serialNumber }) => serialNumber)]);
  const entries = CrlEntries.without({ bytes: revokedCertificatesOf(der), size: last.size }, leaving);
  for (const { entry, notAfter } of changed) if (entry !== undefined && notAfter >= listedFrom) entries.add(entry);
  return entries;
}

/**
 * What a complete CRL lists, read from the ledger: of a scope's first one, and where the last one is no ground to build on.
 *
 * @param listedFrom - certificates that ended before this instant are left out; epoch milliseconds
 */
export async function allEntries(context: AuthorityContext, scope: CrlScope, listedFrom: number): Promise<CrlEntries> {
  // Holds first: one that becomes a revocation between the two readings is then seen in both, not in neither.
  const held = new Map<string, CrlEntry>();
  for await (const value of revokedIn(context, scope, 'onHold', { from: listedFrom })) {
    held.set(value.serialNumber, crlEntry(value));
  }
  const entries = CrlEntries.from();
  for await (const value of revokedIn(context, scope, 'revoked', { from: listedFrom })) {
    held.delete(value.serialNumber);
    entries.add(crlEntry(value));
  }
  for (const entry of held.values()) entries.add(entry);
  return entries;
}

/** Serial numbers of what a CRL lists and has ended meanwhile. */
async function expiredBetween(
  context: AuthorityContext,
  scope: CrlScope,
  from: number,
  to: number,
): Promise<readonly string[]> {
  if (from === to) return [];
  const expired: string[] = [];
  for (const state of ['onHold', 'revoked'] as const) {
    for await (const { serialNumber } of revokedIn(context, scope, state, { from, to })) expired.push(serialNumber);
  }
  return expired;
}

async function* revokedIn(
  { store }: AuthorityContext,
  { intermediate, shard }: CrlScope,
  state: 'onHold' | 'revoked',
  range: { readonly from: number; readonly to?: number },
) {
  const query = { index: 'byIntermediateAndState', equals: { intermediate: intermediate.id, state }, limit: PAGE };
  for await (const { value } of store.walk(ledger, { ...query, ...range })) {
    if (value.crlShard === shard) yield value;
  }
}

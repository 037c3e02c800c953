import { uuidv7 } from '../../crypto/random-id.ts';
import type { Write } from '../../ports/storage.ts';
import type { CrlEntry } from '../../x509/crl/crl-builder.ts';
import { crlChanges, ledger } from '../collections.ts';
import type { AuthorityContext } from '../context.ts';
import type { LedgerValue } from '../ledger.ts';
import { scopeIdOf } from './crl-scope.ts';

const PAGE = 1_000;
const LEDGER_PAGE = 200;

/** Which CRL of a scope. A complete one lists every revoked certificate, a delta CRL what has changed since its base. */
export type CrlKind = 'complete' | 'delta';

/** A revocation or release that a CRL does not show yet. */
export interface PendingChange {
  /** Of its mark. */
  readonly id: string;
  readonly serialNumber: string;
  /** Epoch milliseconds. */
  readonly changedAt: number;
  readonly isInDelta: boolean;
}

/** How a certificate that has changed stands. */
export interface ChangedCertificate {
  readonly serialNumber: string;
  /** Absent where it is off hold. */
  readonly entry: CrlEntry | undefined;
  /** Epoch milliseconds. */
  readonly notAfter: number;
  /** Epoch milliseconds. */
  readonly changedAt: number;
  readonly isInDelta: boolean;
}

/** Makes the mark that goes into the commit of a revocation or release. */
export function markChange({ store, clock, crypto }: AuthorityContext, value: LedgerValue, changedAt: number): Write {
  const scope = scopeIdOf(value);
  const mark = { intermediate: scope, delta: scope, serialNumber: value.serialNumber, changedAt };
  return store.put(crlChanges, uuidv7(clock, crypto), mark);
}

/** Whether the ledger holds changes that a scope's newest CRL does not show. */
export async function hasPendingChanges({ store }: AuthorityContext, scope: string, kind: CrlKind): Promise<boolean> {
  return (await store.count(crlChanges, { ...marksOf(scope, kind), upTo: 1 })) > 0;
}

/** The changes that a scope's newest CRL does not show. Read before the ledger is: what comes later is for the next CRL. */
export async function pendingChanges(
  { store }: AuthorityContext,
  scope: string,
  kind: CrlKind,
): Promise<PendingChange[]> {
  const changes: PendingChange[] = [];
  for await (const { id, value } of store.walk(crlChanges, { ...marksOf(scope, kind), limit: PAGE })) {
    const { serialNumber, changedAt, delta } = value;
    changes.push({ id, serialNumber, changedAt, isInDelta: delta === undefined });
  }
  return changes;
}

/**
 * The write that has a change off the list: a complete CRL ends it, a delta CRL leaves it to the complete one.
 *
 * @param scope - of the change
 */
export function settleChange(
  { store }: AuthorityContext,
  scope: string,
  kind: CrlKind,
  { id, serialNumber, changedAt }: PendingChange,
): Write {
  if (kind === 'complete') return store.delete(crlChanges, id);
  return store.put(crlChanges, id, { intermediate: scope, serialNumber, changedAt });
}

/** Reads how certificates that have changed stand, each once. */
export async function changedCertificates(
  { store, ledger: rolls }: AuthorityContext,
  changes: readonly PendingChange[],
): Promise<ChangedCertificate[]> {
  const newest = new Map(changes.map((change) => [change.serialNumber, change]));
  // A delta CRL lacks the certificate as long as it lacks any of its changes.
  for (const change of changes) if (!change.isInDelta) newest.set(change.serialNumber, change);
  const unique = [...newest.values()];
  const changed: ChangedCertificate[] = [];
  for (let at = 0; at < unique.length; at += LEDGER_PAGE) {
    const page = unique.slice(at, at + LEDGER_PAGE);
    const refs = page.map(({ serialNumber }) => ({ collection: ledger, id: rolls.documentId(serialNumber) }));
    for (const [index, found] of (await store.getMany(refs)).entries()) {
      const { serialNumber, changedAt, isInDelta } = page[index] as PendingChange;
      if (found === undefined) continue;
      const entry = found.value.state === 'issued' ? undefined : crlEntry(found.value);
      changed.push({ serialNumber, entry, notAfter: found.value.notAfter, changedAt, isInDelta });
    }
  }
  return changed;
}

/** A revoked certificate as a CRL lists it. */
export function crlEntry({ serialNumber, revokedAt, reason, invalidityDate }: LedgerValue): CrlEntry {
  return {
    serialNumber,
    revokedAt: revokedAt ?? 0,
    ...(reason === undefined ? {} : { reason }),
    ...(invalidityDate === undefined ? {} : { invalidityDate }),
  };
}

function marksOf(scope: string, kind: CrlKind): { index: string; equals: Record<string, string> } {
  return kind === 'complete'
    ? { index: 'byIntermediate', equals: { intermediate: scope } }
    : { index: 'byDelta', equals: { delta: scope } };
}

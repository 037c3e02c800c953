import { CrlEntries, type EncodedEntries } from '../../x509/crl/crl-entries.ts';
import { revokedCertificatesOf } from '../../x509/crl/revoked-certificates.ts';
import { SerialNumberSet } from '../../x509/crl/serial-number-set.ts';
import type { AuthorityContext } from '../context.ts';
import type { ChangedCertificate } from './crl-changes.ts';
import { readCrl, type StoredCrls } from './stored-crls.ts';

/** Everything that has changed since one complete CRL, the base. */
export interface DeltaWindow {
  /** The base's number. */
  readonly baseNumber: number;
  readonly entries: CrlEntries;
}

/** What the delta CRL holds, and what the one of the next base will. */
export interface DeltaWindows {
  readonly current: DeltaWindow;
  /** Opened by a complete CRL; absent until there is one after the current base. */
  readonly next:
    | (DeltaWindow & { /** When the base was issued, in epoch milliseconds. */ readonly since: number })
    | undefined;
}

const NONE: EncodedEntries = { bytes: new Uint8Array(), size: 0 };

/**
 * The windows of a scope with what has changed since they were stored. Where there are none yet, the newest complete CRL is the base, and
 * all that it does not show has changed since.
 */
export async function currentWindows(
  context: AuthorityContext,
  scope: string,
  stored: StoredCrls,
  changed: readonly ChangedCertificate[],
): Promise<DeltaWindows> {
  const { delta } = stored;
  if (delta === undefined) {
    return { current: { baseNumber: stored.number, entries: revise(NONE, changed) }, next: undefined };
  }
  const unseen = changed.filter(({ isInDelta }) => !isInDelta);
  const { der } = await readCrl(context, scope, 'delta', delta);
  const current = {
    baseNumber: delta.baseNumber,
    entries: revise({ bytes: revokedCertificatesOf(der), size: delta.size }, unseen),
  };
  if (delta.next === undefined) return { current, next: undefined };
  const { baseNumber, since, blob, size } = delta.next;
  const bytes = await context.blobs.read(blob);
  return { current, next: { baseNumber, since, entries: revise({ bytes, size }, unseen) } };
}

/**
 * The windows as a new complete CRL has them. The base moves on once every complete CRL before the next one has run out: until then a relying
 * party may hold any of them, and the delta CRL must fit it.
 *
 * @param complete - the new CRL's number and thisUpdate
 * @param lifetime - of complete CRLs, in milliseconds
 */
export function movedWindows(
  { current, next }: DeltaWindows,
  complete: { readonly number: number; readonly thisUpdate: number },
  lifetime: number,
): DeltaWindows {
  const opened = {
    baseNumber: complete.number,
    since: complete.thisUpdate,
    entries: CrlEntries.from([], { isDelta: true }),
  };
  if (next === undefined) return { current, next: opened };
  return complete.thisUpdate < next.since + lifetime ? { current, next } : { current: next, next: opened };
}

/** A certificate that is off hold stays in the window: a complete CRL between base and delta may have listed it. */
function revise(previous: EncodedEntries, changed: readonly ChangedCertificate[]): CrlEntries {
  const serialNumbers = new SerialNumberSet(changed.map(({ serialNumber }) => serialNumber));
  const entries = CrlEntries.without(previous, serialNumbers, { isDelta: true });
  for (const { serialNumber, entry, changedAt } of changed) {
    entries.add(entry ?? { serialNumber, revokedAt: changedAt, reason: 'removeFromCRL' });
  }
  return entries;
}

import { ConflictError } from '../../errors/families.ts';
import type { Entry } from '../../store/store.ts';
import { crls } from '../collections.ts';
import type { AuthorityContext } from '../context.ts';
import { type CrlKind, hasPendingChanges, pendingChanges } from './crl-changes.ts';
import type { CrlScope } from './crl-scope.ts';
import { nextComplete, nextDelta } from './next-crls.ts';
import type { SignedCrl } from './signed-crl.ts';
import { readCrl, renewAt, type StoredCrls, storedCrl } from './stored-crls.ts';
import { endTurn, takeTurn, turnPause } from './turn.ts';

const ATTEMPTS = 10;

/**
 * The present CRL of a scope: the stored one while it shows every change and is far from its nextUpdate, else a new one.
 *
 * One instance signs at a time, and the others wait for what it makes; the commit is conditional all the same, so that an instance that
 * has lost its turn without knowing loses its work, and nothing else.
 */
export function currentCrl(context: AuthorityContext, scope: CrlScope, kind: CrlKind): Promise<SignedCrl> {
  return context.crlRuns.run(`${scope.id}/${kind}`, () => produce(context, scope, kind));
}

/** Which of a scope's CRLs is to be signed next, and when, in epoch milliseconds; 0 where one is missing or shows less than it must. */
export async function nextDue(
  context: AuthorityContext,
  { id }: CrlScope,
): Promise<{ readonly kind: CrlKind; readonly dueAt: number }> {
  const stored = (await context.store.get(crls, id))?.value;
  if (stored === undefined || (await hasPendingChanges(context, id, 'complete'))) return { kind: 'complete', dueAt: 0 };
  const now = context.clock.now();
  const complete = renewAt(stored, now);
  const delta = stored.delta === undefined ? Number.POSITIVE_INFINITY : renewAt(stored.delta, now);
  // A complete CRL brings the delta CRL along.
  return delta < complete ? { kind: 'delta', dueAt: delta } : { kind: 'complete', dueAt: complete };
}

async function produce(context: AuthorityContext, scope: CrlScope, kind: CrlKind): Promise<SignedCrl> {
  let waited = 0;
  for (let attempt = 1; attempt <= ATTEMPTS; ) {
    // Changes first: a CRL that settles them between the two readings is then the one that is read.
    const isBehind = await hasPendingChanges(context, scope.id, kind);
    const seen = await context.store.get(crls, scope.id);
    const known = storedCrl(seen?.value, kind);
    if (known !== undefined && !isBehind && isFresh(context, known)) return readCrl(context, scope.id, kind, known);

    const turn = await takeTurn(context, scope.id);
    if (turn === undefined && seen !== undefined) {
      // Whoever has the turn renews it: until then this one is as good as any.
      if (known !== undefined && !isBehind && isValid(context, known)) return readCrl(context, scope.id, kind, known);
      const pause = turnPause(waited, seen.value.size);
      waited += pause;
      if (pause > 0) {
        await context.sleep(pause);
        continue;
      }
    }
    attempt += 1;
    const signed = await signInTurn(context, scope, kind, turn ?? seen);
    if (signed !== undefined) return signed;
  }
  throw new ConflictError(
    'COMMIT_CONFLICT',
    `The CRL of intermediate ${scope.intermediate.id} moved ${ATTEMPTS} times while it was being signed`,
  );
}

/** Signs, unless the instance that had the turn before has done it. */
async function signInTurn(
  context: AuthorityContext,
  scope: CrlScope,
  kind: CrlKind,
  last: Entry<StoredCrls> | undefined,
): Promise<SignedCrl | undefined> {
  const known = storedCrl(last?.value, kind);
  try {
    // A delta CRL needs a complete one to start from, and the first one holds all that this does not show.
    const needed = kind === 'delta' && known !== undefined ? 'delta' : 'complete';
    const changes = await pendingChanges(context, scope.id, needed);
    if (last !== undefined && known !== undefined && changes.length === 0 && isFresh(context, known)) {
      // No marks are left either where another instance has settled them, by a CRL that is not this one.
      return (await endTurn(context, scope.id, last)) ? await readCrl(context, scope.id, kind, known) : undefined;
    }
    if (kind === 'complete') return await nextComplete(context, scope, last, changes);
    if (last !== undefined && changes.every(({ serialNumber }) => serialNumber !== ''))
      return await nextDelta(context, scope, last, changes);
    await nextComplete(context, scope, last, changes);
    return undefined;
  } catch (error) {
    if (last !== undefined) await endTurn(context, scope.id, last).catch(() => undefined);
    throw error;
  }
}

function isValid({ clock }: AuthorityContext, crl: Parameters<typeof renewAt>[0]): boolean {
  const now = clock.now();
  return crl.thisUpdate <= now && now < crl.nextUpdate;
}

function isFresh({ clock }: AuthorityContext, crl: Parameters<typeof renewAt>[0]): boolean {
  const now = clock.now();
  return now < renewAt(crl, now);
}

import type { Entry } from '../../store/store.ts';
import { crls } from '../collections.ts';
import type { AuthorityContext } from '../context.ts';
import type { StoredCrls } from './stored-crls.ts';

/** Longer than signing a CRL of millions takes. */
const LEASE_MS = 60_000;
const LEAST_PATIENCE_MS = 250;
/** What an entry adds to the time that signing takes, with room for a slow storage. */
const PATIENCE_MS_AN_ENTRY = 0.005;
const FIRST_PAUSE_MS = 2;
const LONGEST_PAUSE_MS = 250;

/**
 * Takes the turn to sign the CRLs of a scope: what an instance that crashed has left undone falls due by itself.
 *
 * @returns the scope's CRLs, whose version is the fence; undefined where another instance has the turn, or there are none yet
 */
export async function takeTurn({ store }: AuthorityContext, scope: string): Promise<Entry<StoredCrls> | undefined> {
  const [turn] = await store.claim(crls, { queue: scope, limit: 1, leaseMs: LEASE_MS });
  return turn;
}

/**
 * Gives the turn back where nothing had to be signed, or could not be. Who has lost it meanwhile changes nothing.
 *
 * @returns false where another instance has stored its own CRLs meanwhile
 */
export async function endTurn(
  { store }: AuthorityContext,
  scope: string,
  { version, value }: Entry<StoredCrls>,
): Promise<boolean> {
  const { committed } = await store.commit([
    store.put(crls, scope, value, { ifVersion: version, dueAt: 0, dueQueue: scope }),
  ]);
  return committed;
}

/**
 * How long to wait before looking again whether the one who has the turn is done.
 *
 * @param waited - so far, in milliseconds
 * @param size - of the last CRL, in entries
 * @returns milliseconds; 0 where patience is at its end, and signing without the turn is better than waiting for one who may be gone
 */
export function turnPause(waited: number, size: number): number {
  const patience = LEAST_PATIENCE_MS + size * PATIENCE_MS_AN_ENTRY;
  return waited >= patience ? 0 : Math.min(FIRST_PAUSE_MS + Math.floor(waited / 2), LONGEST_PAUSE_MS);
}

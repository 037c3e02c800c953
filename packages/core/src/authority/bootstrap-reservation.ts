import { uuidv7 } from '../crypto/random-id.ts';
import { ConflictError } from '../errors/families.ts';
import type { Transaction } from '../store/transaction.ts';
import { authorities, bootstraps } from './collections.ts';
import type { AuthorityContext } from './context.ts';

/** Long enough to save a file anywhere, short enough to try again after a crash. */
const LEASE_MS = 600_000;

/**
 * Reserves the name of an authority for one bootstrap. Without that, two bootstraps that race would both save a root's file, and the file
 * of the one that loses could replace the other's for good.
 *
 * @returns the owner's token, for {@link requireReservation} and {@link endReservation}
 * @throws {ConflictError} AUTHORITY_EXISTS: the authority exists, or is being bootstrapped by another instance
 */
export async function reserveAuthority({ store, name, clock, crypto }: AuthorityContext): Promise<string> {
  const owner = uuidv7(clock, crypto);
  await store.transact(async (transaction) => {
    if ((await transaction.get(authorities, name)) !== undefined) throw authorityExists(name);
    if ((await transaction.get(bootstraps, name)) !== undefined) throw beingBootstrapped(name);
    transaction.put(bootstraps, name, { owner }, { expiresAt: clock.now() + LEASE_MS });
  });
  return owner;
}

/** Refuses to go on where another bootstrap has taken over after the reservation lapsed; otherwise ends it with the transaction. */
export async function requireReservation(
  { name, clock }: AuthorityContext,
  transaction: Transaction,
  owner: string,
): Promise<void> {
  const entry = await transaction.get(bootstraps, name);
  if (entry !== undefined && entry.value.owner !== owner) throw beingBootstrapped(name);
  if (entry !== undefined) transaction.delete(bootstraps, name);
  // Where it has lapsed, an insertion that is over at once: it fails if another bootstrap takes the name meanwhile.
  else transaction.put(bootstraps, name, { owner }, { expiresAt: clock.now() + 1 });
}

/** Gives the name free again, unless another bootstrap has it. */
export async function endReservation({ store, name }: AuthorityContext, owner: string): Promise<void> {
  await store.transact(async (transaction) => {
    if ((await transaction.get(bootstraps, name))?.value.owner === owner) transaction.delete(bootstraps, name);
  });
}

/** Makes the error for a bootstrap that comes second. */
export function authorityExists(name: string): ConflictError {
  return new ConflictError(
    'AUTHORITY_EXISTS',
    `Authority ${JSON.stringify(name)} exists already; nothing was changed`,
    { facts: { authority: name } },
  );
}

function beingBootstrapped(name: string): ConflictError {
  return new ConflictError(
    'AUTHORITY_EXISTS',
    `Authority ${JSON.stringify(name)} is being bootstrapped by another instance; nothing was changed`,
    { facts: { authority: name } },
  );
}

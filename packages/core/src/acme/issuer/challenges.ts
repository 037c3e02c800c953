import { AcmeError } from '../../errors/acme-error.ts';
import type { ChanceryError } from '../../errors/chancery-error.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import type { Entry } from '../../store/entry.ts';
import type { ChallengeSolver, PresentedChallenge } from '../solvers/solver.ts';
import { challengeId, type StoredChallenge } from './challenge-records.ts';
import { identifierText } from './checked-request.ts';
import { acmeChallenges } from './collections.ts';
import type { IssuerContext } from './issuer-context.ts';
import type { OrderRun } from './order-run.ts';

const HOUR = 3_600_000;
/** What a solver has put somewhere is known until it is taken away again, if that takes a week. */
const REMOVAL_MS = 7 * 24 * HOUR;
const READY_INTERVAL_MS = 5_000;
const READY_TIMEOUT_MS = 600_000;
/** Another order's challenge for the same name stands where this one would. */
const BUSY_MS = 5_000;

/** A challenge that was chosen, and what solves it. */
export interface ChosenChallenge {
  readonly challenge: PresentedChallenge;
  readonly solver: ChallengeSolver;
}

/** Whether the server can be told of a challenge, or in how many milliseconds to look again. */
export type Readiness = { readonly ready: true } | { readonly ready: false; readonly waitMs: number };

/**
 * Puts the answer to a challenge in its place: into storage first, so that whatever happens it is found and taken away again.
 *
 * @throws {AcmeError} ACME_SOLVER_FAILED: the solver threw, or its answer was not seen in time
 */
export async function presentChallenge(run: OrderRun, chosen: ChosenChallenge): Promise<Readiness> {
  const { context, request } = run;
  const { solver, challenge } = chosen;
  const stored = await storeChallenge(run, chosen);
  if (stored === undefined) return { ready: false, waitMs: BUSY_MS };
  const given = request.signal === undefined ? {} : { signal: request.signal };
  let { presentedAt } = stored;
  if (presentedAt === undefined) {
    await ask(chosen, 'present', request.signal, () => solver.present?.(challenge, given));
    presentedAt = context.clock.now();
    await storeChallenge(run, chosen, presentedAt);
  }
  if (solver.isReady === undefined) return { ready: true };
  if (await ask(chosen, 'isReady', request.signal, () => solver.isReady?.(challenge, given))) return { ready: true };
  if (context.clock.now() - presentedAt < (solver.readyTimeoutMs ?? READY_TIMEOUT_MS))
    return { ready: false, waitMs: solver.readyIntervalMs ?? READY_INTERVAL_MS };
  throw solverError(chosen, 'has put its answer where it cannot be seen', undefined);
}

/** Takes away whatever an order has left, once nobody looks for it any more. */
export async function removeChallenges(context: IssuerContext, order: string): Promise<void> {
  for await (const entry of context.store.walk(acmeChallenges, { index: 'byOrder', equals: { order }, limit: 100 }))
    await removeChallenge(context, entry);
}

/** Takes one answer away, and forgets it. What cannot be taken away stays on record, and is tried again by maintenance. */
export async function removeChallenge(
  { store, solvers, logger }: IssuerContext,
  { id, version, value }: Entry<StoredChallenge>,
): Promise<boolean> {
  const solver = solvers.find(({ type }) => type === value.type);
  try {
    await solver?.remove?.(presented(value), {});
  } catch (error) {
    const { name, code } = error as ChanceryError;
    logger?.warn('The answer to an ACME challenge could not be taken away', {
      type: value.type,
      identifier: value.identifier.value,
      error: code ?? name,
    });
    return false;
  }
  await store.commit([store.delete(acmeChallenges, id, { ifVersion: version })]);
  return true;
}

/** Writes a challenge down. Undefined where another order's stands in its place. */
async function storeChallenge(
  { context, lease }: OrderRun,
  { challenge, solver }: ChosenChallenge,
  presentedAt?: number,
): Promise<StoredChallenge | undefined> {
  const { store, clock } = context;
  const id = challengeId(challenge);
  const owner = { account: lease.value.account, order: lease.id };
  return store.transact(async (transaction) => {
    const present = (await transaction.get(acmeChallenges, id))?.value;
    if (present !== undefined && present.token !== challenge.token)
      return present.order === lease.id ? replace() : undefined;
    if (present?.order === lease.id && presentedAt === undefined) return present;
    return replace(present);

    function replace(former?: StoredChallenge): StoredChallenge {
      const now = clock.now();
      const at = presentedAt ?? former?.presentedAt;
      const value: StoredChallenge = {
        ...challenge,
        ...owner,
        createdAt: now,
        ...(at !== undefined && { presentedAt: at }),
      };
      const timing =
        solver.remove === undefined
          ? { expiresAt: now + HOUR }
          : { dueAt: now + HOUR, dueQueue: `${owner.account}/${solver.type}`, expiresAt: now + REMOVAL_MS };
      transaction.put(acmeChallenges, id, value, timing);
      return value;
    }
  });
}

function presented({ type, identifier, token, keyAuthorization }: StoredChallenge): PresentedChallenge {
  return { type, identifier, token, keyAuthorization };
}

async function ask<T>(
  chosen: ChosenChallenge,
  hook: string,
  signal: AbortSignal | undefined,
  work: () => Promise<T> | undefined,
): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    throwIfAborted(signal);
    // What a solver throws may hold its credentials: it stays in the cause.
    throw error instanceof AcmeError ? error : solverError(chosen, `failed in ${hook}()`, error);
  }
}

function solverError({ solver, challenge }: ChosenChallenge, problem: string, cause: unknown): AcmeError {
  const identifier = identifierText(challenge.identifier);
  return new AcmeError('ACME_SOLVER_FAILED', `The solver of ${solver.type} for ${identifier} ${problem}`, {
    facts: { type: solver.type, identifier },
    ...(cause !== undefined && { cause }),
  });
}

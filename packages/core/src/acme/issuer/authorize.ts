import { AcmeError } from '../../errors/acme-error.ts';
import { answerChallenge, getAuthorization } from '../client/orders.ts';
import type { AcmeAuthorization, AcmeChallenge, AcmeOrder } from '../client/types.ts';
import { describeProblem } from '../http/problem.ts';
import { AcmeAccountKey } from '../jws/account-key.ts';
import { isToken, keyAuthorization } from '../jws/key-authorization.ts';
import { type ChosenChallenge, presentChallenge, type Readiness } from './challenges.ts';
import { identifierText } from './checked-request.ts';
import { inParallel } from './in-parallel.ts';
import type { OrderRun, OrderStep } from './order-run.ts';

/**
 * Does one pass over the authorizations of a pending order: presents challenges, and tells the server of those whose answers can be seen.
 *
 * @throws {AcmeError} ACME_CHALLENGE_FAILED: the server has found one invalid, and says why
 * @throws {AcmeError} ACME_NO_SOLVER: none of the solvers fits what the server offers
 */
export async function authorize(run: OrderRun, order: AcmeOrder): Promise<OrderStep> {
  const client = await run.client();
  const found = await inParallel(order.authorizations, async (url) => {
    await run.lease.hold();
    return getAuthorization(client, url, run.request);
  });
  for (const authorization of found) requireOpen(run, authorization);
  const open = found.filter(({ status }) => status !== 'valid');
  // All are chosen before any is presented: an order that lacks a solver leaves nothing behind.
  const key = await AcmeAccountKey.of(client.accountKey, client.crypto);
  const chosen = open.flatMap((authorization) => choose(run, authorization, key.thumbprint));
  const waits = await inParallel(chosen, async (each) => {
    await run.lease.hold();
    const readiness: Readiness = await presentChallenge(run, each);
    if (!readiness.ready) return readiness.waitMs;
    await answerChallenge(client, each.url, run.request);
    run.answered.add(each.url);
    return undefined;
  });
  const told = [...waits, ...open.map(({ retryAfterMs }) => retryAfterMs), order.retryAfterMs];
  const known = told.filter((ms) => ms !== undefined);
  return { waitMs: known.length === 0 ? undefined : Math.min(...known) };
}

/** Why authorizations of an order failed; undefined where none has. */
export async function failedAuthorization(run: OrderRun, order: AcmeOrder): Promise<AcmeError | undefined> {
  const client = await run.client();
  const found = await inParallel(order.authorizations, (url) => getAuthorization(client, url, run.request));
  const invalid = found.find(({ status }) => status === 'invalid');
  return invalid && challengeError(invalid);
}

function requireOpen({ answered }: OrderRun, authorization: AcmeAuthorization): void {
  const { status, challenges } = authorization;
  // Some servers leave a challenge open that they found invalid, and do not look again by themselves.
  const isLeft = challenges.some((each) => each.error && each.status === 'pending' && answered.has(each.url));
  if (status === 'invalid' || (status === 'pending' && isLeft)) throw challengeError(authorization);
  if (!['deactivated', 'expired', 'revoked'].includes(status)) return;
  const name = nameOf(authorization);
  throw new AcmeError('ACME_ORDER_FAILED', `The authorization for ${name} is ${status}`, {
    facts: { identifier: name },
  });
}

function challengeError(authorization: AcmeAuthorization): AcmeError {
  const name = nameOf(authorization);
  const failed = authorization.challenges.find(({ error }) => error !== undefined);
  const reason = failed?.error === undefined ? 'for no reason that it tells' : `: ${describeProblem(failed.error)}`;
  return new AcmeError(
    'ACME_CHALLENGE_FAILED',
    `The ACME server could not validate ${name}${failed ? ` by ${failed.type}` : ' '}${reason}`,
    { facts: { identifier: name, ...(failed && { type: failed.type }) }, problem: failed?.error },
  );
}

/** The challenge of an authorization that is to be solved; none where the server is at work on one. */
function choose(
  run: OrderRun,
  authorization: AcmeAuthorization,
  thumbprint: string,
): (ChosenChallenge & { readonly url: string })[] {
  const { challenges, identifier } = authorization;
  if (challenges.some((each) => each.status === 'processing' || run.answered.has(each.url))) return [];
  for (const solver of run.context.solvers) {
    const offered = challenges.find(({ type }) => type === solver.type);
    if (offered === undefined || solver.supports?.(identifier) === false) continue;
    const token = tokenOf(offered, authorization);
    const challenge = { type: solver.type, identifier, token, keyAuthorization: keyAuthorization(token, thumbprint) };
    return [{ challenge, solver, url: offered.url }];
  }
  const name = nameOf(authorization);
  const offered = challenges.map(({ type }) => type);
  throw new AcmeError(
    'ACME_NO_SOLVER',
    `For ${name} the ACME server offers ${offered.join(', ') || 'no challenge'}, and none of the solvers is for that`,
    { facts: { identifier: name, offered } },
  );
}

function tokenOf({ token, type }: AcmeChallenge, authorization: AcmeAuthorization): string {
  if (isToken(token)) return token;
  throw new AcmeError('ACME_PROTOCOL', `The ${type} challenge for ${nameOf(authorization)} has no usable token`);
}

function nameOf({ identifier, wildcard }: AcmeAuthorization): string {
  return `${wildcard === true ? '*.' : ''}${identifierText(identifier)}`;
}

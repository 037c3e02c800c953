import { AcmeError } from '../../errors/acme-error.ts';
import type { CertificateRequestResult } from '../../ports/issuer.ts';
import { backoffDelay } from '../../store/backoff.ts';
import type { AcmeOrder } from '../client/types.ts';
import { describeProblem, isProblem } from '../http/problem.ts';
import { authorize, failedAuthorization } from './authorize.ts';
import { removeChallenges } from './challenges.ts';
import { download, finalize } from './finish-order.ts';
import { OrderLeaseLost } from './order-lease.ts';
import type { OrderRun, OrderStep } from './order-run.ts';
import { currentOrder } from './place-order.ts';

/** Between two looks at what the server says nothing of. */
const POLL = { firstMs: 100, maxMs: 5_000 };
/** Servers have been seen to ask for none at all, and for a year. */
const MIN_WAIT_MS = 100;
const MAX_WAIT_MS = 24 * 3_600_000;
const FAILURES = 3;
/** While another request or instance works on what this one needs. */
export const BUSY_MS = 5_000;
/** No server keeps an order open for longer; one that claims to would be asked for ever. */
const MAX_OPEN_MS = 7 * 24 * 3_600_000;

/**
 * Works on an order until it is done, has failed, or `waitMs` has passed.
 *
 * @throws {AcmeError} what the server refuses; what was open and cannot be finished is forgotten first
 */
export async function runOrder(run: OrderRun): Promise<CertificateRequestResult> {
  const { context, request, lease } = run;
  const { clock, waitMs, sleep } = context;
  const deadline = clock.now() + waitMs;
  let failures = 0;
  for (let pass = 1; ; pass++) {
    let wait: number;
    try {
      const step = await advance(run);
      if ('chainPem' in step) return step;
      wait = pollDelay(step.waitMs, pass);
      failures = 0;
    } catch (error) {
      if (error instanceof OrderLeaseLost) return pending(clock.now() + BUSY_MS);
      failures += 1;
      const retry = failures > FAILURES ? undefined : await retryDelay(run, error, failures);
      if (retry === undefined || (retry > 0 && clock.now() + retry > deadline)) throw error;
      wait = retry;
    }
    if (wait > 0 && clock.now() + wait > deadline) {
      if (clock.now() - lease.value.createdAt > MAX_OPEN_MS && (await giveUp(run))) throw tooLong();
      return pending(clock.now() + wait);
    }
    await sleep(wait, request.signal);
  }
}

/** When to look again: as the server says, within reason, or a little later each time. */
function pollDelay(told: number | undefined, pass: number): number {
  if (told === undefined) return Math.min(POLL.firstMs * 2 ** Math.min(pass - 1, 10), POLL.maxMs);
  return Math.min(Math.max(told, MIN_WAIT_MS), MAX_WAIT_MS);
}

/** When to try once more; undefined where trying at once cannot help. A rate limit's time is for whoever plans the next request. */
async function retryDelay(run: OrderRun, error: unknown, failures: number): Promise<number | undefined> {
  if (await isCured(run, error)) return 0;
  if (!(error instanceof AcmeError) || error.code !== 'ACME_UNAVAILABLE') return undefined;
  return error.retryAfterMs ?? POLL.firstMs + backoffDelay(failures, POLL, run.context.crypto);
}

/** One pass: does whatever the order's state asks for. */
async function advance(run: OrderRun): Promise<OrderStep> {
  try {
    const order = await currentOrder(run);
    if (order === undefined) return { waitMs: BUSY_MS };
    return await stepOf(run, order);
  } catch (error) {
    if (isFinal(error) && !(await giveUp(run))) throw new OrderLeaseLost();
    if (error instanceof AcmeError && error.code === 'ACME_SOLVER_FAILED')
      await removeChallenges(run.context, run.lease.id);
    throw error;
  }
}

async function stepOf(run: OrderRun, order: AcmeOrder): Promise<OrderStep> {
  switch (order.status) {
    case 'pending':
      return authorize(run, order);
    case 'ready':
      await removeChallenges(run.context, run.lease.id);
      return finalize(run, order);
    case 'valid':
      await removeChallenges(run.context, run.lease.id);
      return download(run, order);
    case 'invalid':
      throw (await failedAuthorization(run, order)) ?? orderError(order);
    default:
      // `processing`, or a state to come: the server has work to do.
      return { waitMs: order.retryAfterMs };
  }
}

/** Ends a request that cannot be finished: asking again starts anew. False where another instance works on it. */
async function giveUp(run: OrderRun): Promise<boolean> {
  await removeChallenges(run.context, run.lease.id);
  return run.lease.drop();
}

/** Nothing of the order is open any more, or what it gave is of no use. */
function isFinal(error: unknown): error is AcmeError {
  if (!(error instanceof AcmeError)) return false;
  return ['ACME_CHALLENGE_FAILED', 'ACME_ORDER_FAILED', 'ACME_CERTIFICATE_UNFIT'].includes(error.code);
}

/** The account is not the one that is in memory: the server has lost it, or another instance has changed its key. */
async function isCured({ context }: OrderRun, error: unknown): Promise<boolean> {
  if (isProblem(error, 'accountDoesNotExist')) {
    await context.account.register();
    return true;
  }
  return isProblem(error, 'unauthorized', 'malformed') && (await context.account.hasChanged());
}

function pending(retryAt: number): CertificateRequestResult {
  return { pending: true, retryAt: new Date(retryAt) };
}

function orderError({ error }: AcmeOrder): AcmeError {
  const reason = error === undefined ? 'it does not say why' : describeProblem(error);
  return new AcmeError('ACME_ORDER_FAILED', `The ACME server gave the order up: ${reason}`, { problem: error });
}

function tooLong(): AcmeError {
  return new AcmeError('ACME_ORDER_FAILED', 'The ACME server has kept the order open for a week without an end');
}

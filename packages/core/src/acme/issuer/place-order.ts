import { utf8 } from '../../encoding/bytes.ts';
import { toHex } from '../../encoding/hex.ts';
import { AcmeError } from '../../errors/acme-error.ts';
import { quote } from '../../errors/quote.ts';
import type { CertificateValidity } from '../../ports/issuer.ts';
import { listOrders } from '../client/accounts.ts';
import type { ClientContext } from '../client/client-context.ts';
import { createOrder, getOrder } from '../client/orders.ts';
import type { AcmeOrder } from '../client/types.ts';
import { isProblem } from '../http/problem.ts';
import { identifierText } from './checked-request.ts';
import { acmeOrders } from './collections.ts';
import type { OrderRun } from './order-run.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** How many of an account's latest orders are looked through for one whose URL was lost. */
const MAX_SEARCHED = 50;
/** Refusals that may be about `replaces` alone: it is advice, and no reason to go without a certificate (RFC 9773 section 5). */
const REPLACES_REFUSALS = ['alreadyReplaced', 'malformed', 'unauthorized', 'conflict'];

/**
 * The order of a run as the server has it: read, found again, or placed.
 *
 * @returns undefined where the server gave the open order of another request that is being worked on: some give one order for the same names,
 *   however often asked
 */
export async function currentOrder(run: OrderRun): Promise<AcmeOrder | undefined> {
  const { lease, request } = run;
  await lease.hold();
  const { url } = lease.value;
  const client = await run.client();
  if (url !== undefined) {
    try {
      return await getOrder(client, url, request);
    } catch (error) {
      if (!isGone(error) && !(await isOthers(run, error))) throw error;
      // The server has forgotten the order, or the account that placed it: nothing of it is open any more.
      const { url: _, urlDigest: __, ...value } = lease.value;
      await lease.save({ ...value, state: 'placing' });
    }
  }
  const found = run.isFirst ? undefined : await lostOrder(run, client);
  if (found !== undefined) return found;
  const order = await place(run, client);
  const isOurs = (await record(run, order.url)) || ((await takeOver(run, order.url)) && (await record(run, order.url)));
  return isOurs ? order : undefined;
}

/**
 * An order was placed, and the process ended before its URL was written down: the account's list has it, on servers that keep one. On others it is
 * placed again, and those that give one open order for the same names give that.
 */
async function lostOrder(run: OrderRun, client: ClientContext): Promise<AcmeOrder | undefined> {
  const { request, context, lease } = run;
  const wanted = request.identifiers.map(identifierText).join();
  const listed = await listOrders(client, request).catch(unlessUnlisted);
  for (const url of listed.slice(-MAX_SEARCHED).reverse()) {
    await lease.hold();
    const order = await getOrder(client, url, request).catch((error: unknown) => {
      if (isGone(error)) return undefined;
      throw error;
    });
    if (order === undefined || !['pending', 'ready'].includes(order.status)) continue;
    if (order.identifiers.map(identifierText).sort().join() !== wanted) continue;
    if (await record(run, url)) {
      context.logger?.info('Found an ACME order again whose URL had been lost', { order: lease.id });
      return order;
    }
  }
  return undefined;
}

async function place(run: OrderRun, client: ClientContext): Promise<AcmeOrder> {
  const { request, context, lease } = run;
  const { identifiers, validity, signal } = request;
  const profile = request.profile ?? context.profile;
  const { renewalInfo, meta } = await context.session.directory(signal);
  if (profile !== undefined && !Object.hasOwn(meta?.profiles ?? {}, profile)) {
    const offered = Object.keys(meta?.profiles ?? {});
    throw new AcmeError(
      'ACME_UNSUPPORTED',
      `The ACME server offers no profile ${quote(profile)}, only ${offered.join(', ') || 'none at all'}`,
      { facts: { profile, offered } },
    );
  }
  const replaces = renewalInfo === undefined ? undefined : await replacedId(run);
  const options = {
    identifiers,
    ...(validity && { notAfter: endOf(validity, lease.value.createdAt, context.clock.now()) }),
    ...(profile !== undefined && { profile }),
    ...(signal && { signal }),
  };
  try {
    return await createOrder(client, { ...options, ...(replaces !== undefined && { replaces }) });
  } catch (error) {
    if (replaces === undefined || !isProblem(error, ...REPLACES_REFUSALS)) throw error;
    context.logger?.info('The ACME server does not take the order as a replacement; it is placed without', {
      order: lease.id,
    });
    return await createOrder(client, options);
  }
}

/** Writes down whose the order is. False where it is another request's. */
async function record({ lease, context }: OrderRun, url: string): Promise<boolean> {
  return lease.save({ ...lease.value, state: 'placed', url, urlDigest: await digestOf(url, context) });
}

/**
 * Takes an order from the request that it was placed for, unless somebody works on that. It may never be asked for again, and until the order has
 * ended the server gives no other for the same names. If it is, it starts anew.
 */
async function takeOver({ lease, context }: OrderRun, url: string): Promise<boolean> {
  const { store, leaseMs, logger } = context;
  const equals = { urlDigest: await digestOf(url, context) };
  const [holder] = (await store.query(acmeOrders, { index: 'byUrl', equals, limit: 1 })).entries;
  if (holder === undefined) return true;
  const [claimed] = await store.claim(acmeOrders, { queue: holder.id, limit: 1, leaseMs });
  if (claimed === undefined) return false;
  const { committed } = await store.commit([store.delete(acmeOrders, claimed.id, { ifVersion: claimed.version })]);
  if (committed) logger?.info('Took over an ACME order from a request that nobody works on', { order: lease.id });
  return committed;
}

async function digestOf(url: string, { crypto }: OrderRun['context']): Promise<string> {
  return toHex(await crypto.digest('SHA-256', utf8(url)));
}

/** Names the certificate to be replaced, if it was issued here. */
async function replacedId({ context, lease, request }: OrderRun): Promise<string | undefined> {
  const { replaces } = request;
  if (replaces === undefined) return undefined;
  const { entries } = await context.store.query(acmeOrders, {
    index: 'bySerialNumber',
    equals: { account: lease.value.account, serialNumber: replaces.toLowerCase() },
    limit: 1,
  });
  return entries[0]?.value.certificateId;
}

/** A list that a server promises and does not give is no reason to go without a certificate. */
function unlessUnlisted(error: unknown): string[] {
  const isOurs = isProblem(error, 'accountDoesNotExist', 'unauthorized');
  if (!isOurs && error instanceof AcmeError && ['ACME_PROTOCOL', 'ACME_REFUSED'].includes(error.code)) return [];
  throw error;
}

function isGone(error: unknown): boolean {
  return (
    error instanceof AcmeError && error.code !== 'ACME_UNAVAILABLE' && [404, 410].includes(Number(error.facts.status))
  );
}

/** The order is of an account that the server has lost since, and made anew. A key that was changed meanwhile is refused in the same words. */
async function isOthers({ context }: OrderRun, error: unknown): Promise<boolean> {
  return isProblem(error, 'unauthorized') && !(await context.account.hasChanged());
}

/** An order that is placed again, since nobody knows of the first, is the same to the server only if it ends at the same instant. */
function endOf(validity: CertificateValidity, askedAt: number, now: number): Date {
  if ('notAfter' in validity) return validity.notAfter;
  const lifetime = 'days' in validity ? validity.days * DAY : validity.hours * HOUR;
  const mayBeAgain = now - askedAt <= Math.min(HOUR, lifetime / 10);
  return new Date((mayBeAgain ? askedAt : now) + lifetime);
}

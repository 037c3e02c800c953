import { toBase64Url } from '../../encoding/base64.ts';
import { isBytes } from '../../encoding/bytes.ts';
import type { AcmeIdentifier } from '../../errors/acme-error.ts';
import { InvalidInputError } from '../../errors/families.ts';
import { requireObject } from '../../errors/require-object.ts';
import { type Abortable, signalOf } from '../../ports/abortable.ts';
import type { AcmeResponse } from '../http/exchange.ts';
import { type ClientContext, postAsAccount, requireResource } from './client-context.ts';
import { authorizationObject, challengeObject, orderObject } from './objects.ts';
import type { AcmeAuthorization, AcmeChallenge, AcmeOrder } from './types.ts';

/** What is ordered (RFC 8555 section 7.4). */
export interface CreateAcmeOrderOptions extends Abortable {
  readonly identifiers: readonly AcmeIdentifier[];
  /** Many servers allow neither this nor `notAfter`. */
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** The id of the certificate to be replaced: see `acmeCertificateId` (RFC 9773 section 5). */
  readonly replaces?: string;
  /** One of those that the directory names. */
  readonly profile?: string;
}

export async function createOrder(context: ClientContext, options: CreateAcmeOrderOptions): Promise<AcmeOrder> {
  requireObject(options, 'createOrder() options');
  const { identifiers, notBefore, notAfter, replaces, profile, signal } = options;
  const { session } = context;
  const { newOrder } = await session.directory(signal);
  const payload = {
    identifiers,
    ...(notBefore && { notBefore: notBefore.toISOString() }),
    ...(notAfter && { notAfter: notAfter.toISOString() }),
    ...(replaces !== undefined && { replaces }),
    ...(profile !== undefined && { profile }),
  };
  const response = await postAsAccount(context, { url: newOrder, payload, what: 'the order', signal });
  return orderOf(context, session.location(response, 'order'), response);
}

export async function getOrder(context: ClientContext, url: string, options: Abortable): Promise<AcmeOrder> {
  const { signal } = signalOf(options);
  return orderOf(context, url, await postAsAccount(context, { url, what: 'to show the order', signal }));
}

/** Sends the CSR (RFC 8555 section 7.4). */
export async function finalizeOrder(
  context: ClientContext,
  order: Pick<AcmeOrder, 'url' | 'finalize'>,
  csrDer: Uint8Array,
  options: Abortable,
): Promise<AcmeOrder> {
  const { signal } = signalOf(options);
  requireObject(order, 'order');
  if (!isBytes(csrDer)) throw new InvalidInputError('INVALID_ARGUMENT', 'csrDer must be bytes');
  const payload = { csr: toBase64Url(csrDer) };
  const response = await postAsAccount(context, { url: order.finalize, payload, what: 'the CSR', signal });
  return orderOf(context, order.url, response);
}

/** Asks for an authorization before any order (RFC 8555 section 7.4.1). */
export async function createAuthorization(
  context: ClientContext,
  identifier: AcmeIdentifier,
  options: Abortable,
): Promise<AcmeAuthorization> {
  const { signal } = signalOf(options);
  const { session } = context;
  const url = await requireResource(context, 'newAuthz', signal);
  const response = await postAsAccount(context, { url, payload: { identifier }, what: 'the authorization', signal });
  return authorizationOf(context, session.location(response, 'authorization'), response);
}

export async function getAuthorization(
  context: ClientContext,
  url: string,
  options: Abortable,
): Promise<AcmeAuthorization> {
  const { signal } = signalOf(options);
  return authorizationOf(
    context,
    url,
    await postAsAccount(context, { url, what: 'to show the authorization', signal }),
  );
}

/** Gives an authorization up (RFC 8555 section 7.5.2). */
export async function deactivateAuthorization(
  context: ClientContext,
  url: string,
  options: Abortable,
): Promise<AcmeAuthorization> {
  const { signal } = signalOf(options);
  const payload = { status: 'deactivated' };
  const what = 'to deactivate the authorization';
  return authorizationOf(context, url, await postAsAccount(context, { url, payload, what, signal }));
}

/** Tells the server to validate (RFC 8555 section 7.5.1). */
export async function answerChallenge(context: ClientContext, url: string, options: Abortable): Promise<AcmeChallenge> {
  const { signal } = signalOf(options);
  const response = await postAsAccount(context, { url, payload: {}, what: 'the challenge', signal });
  return context.session.parse(response, challengeObject, 'challenge');
}

function orderOf({ session }: ClientContext, url: string, response: AcmeResponse): AcmeOrder {
  const order = session.parse(response, orderObject, 'order');
  return { url, ...order, retryAfterMs: session.retryAfter(response) };
}

function authorizationOf({ session }: ClientContext, url: string, response: AcmeResponse): AcmeAuthorization {
  const authorization = session.parse(response, authorizationObject, 'authorization');
  return { url, ...authorization, retryAfterMs: session.retryAfter(response) };
}

import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { json } from 'node:stream/consumers';

/** What a client shows in the handshake, and whom it trusts; PEM. */
export interface ClientIdentity {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

/** A request, as the routes take it. */
export interface MtlsRequest {
  readonly method?: string;
  readonly accessToken?: string;
  readonly body?: object;
}

/** Sends a request on a TLS connection of its own, with the client's certificate. */
export async function mtlsFetch(
  identity: ClientIdentity,
  url: string,
  { method = 'GET', accessToken, body }: MtlsRequest = {},
): Promise<{ status: number; body: unknown }> {
  const headers = {
    ...(body && { 'content-type': 'application/json' }),
    ...(accessToken && { authorization: `Bearer ${accessToken}` }),
  };
  const outgoing = request(url, { method, headers, agent: false, ...identity });
  outgoing.end(body && JSON.stringify(body));
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  const isEmpty = response.statusCode === 204;
  return { status: response.statusCode ?? 0, body: isEmpty ? undefined : await json(response) };
}

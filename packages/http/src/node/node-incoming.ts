import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { Connection } from '../exchange/connection.ts';
import type { Incoming } from '../exchange/incoming.ts';

/** A request of node:http, as the routes see it: nothing is read before it is asked for. */
export class NodeIncoming implements Incoming {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly connection: Connection;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  #gone: AbortController | undefined;

  constructor(request: IncomingMessage, response: ServerResponse) {
    // A framework that mounts a handler under a prefix takes the prefix off `url`; clients prove possession for the address as they see it.
    const { originalUrl, url = '/' } = request as IncomingMessage & { readonly originalUrl?: string };
    const target = originalUrl ?? url;
    const mark = target.indexOf('?');
    this.method = request.method ?? 'GET';
    this.path = mark < 0 ? target : target.slice(0, mark);
    this.query = mark < 0 ? '' : target.slice(mark + 1);
    this.connection = connectionOf(request);
    this.#request = request;
    this.#response = response;
  }

  get body(): AsyncIterable<Uint8Array> | undefined {
    const { headers } = this.#request;
    if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) return undefined;
    return this.#request;
  }

  get isBodyConsumed(): boolean {
    return this.#request.readableDidRead;
  }

  get signal(): AbortSignal {
    if (this.#gone === undefined) {
      const gone = new AbortController();
      this.#gone = gone;
      const response = this.#response;
      if (response.destroyed) gone.abort();
      else response.once('close', () => response.writableFinished || gone.abort());
    }
    return this.#gone.signal;
  }

  /**
   * By `rawHeaders`: node:http drops the second of two headers such as Authorization, and nobody could tell that there were two. A request has few
   * headers, and few are asked for: looking through them takes less than putting them in order.
   */
  header(name: string): string | undefined {
    const { rawHeaders } = this.#request;
    let found: string | undefined;
    for (let at = 0; at < rawHeaders.length; at += 2) {
      const given = rawHeaders[at] as string;
      if (given.length !== name.length || given.toLowerCase() !== name) continue;
      found = joined(name, found, rawHeaders[at + 1] as string);
    }
    return found;
  }

  /** All headers, by name in lower case. */
  headerList(): [string, string][] {
    const { rawHeaders } = this.#request;
    const headers = new Map<string, string>();
    for (let at = 0; at < rawHeaders.length; at += 2) {
      const name = (rawHeaders[at] as string).toLowerCase();
      headers.set(name, joined(name, headers.get(name), rawHeaders[at + 1] as string));
    }
    return [...headers];
  }
}

/** The value of a header, with those of the same name that came before it. */
function joined(name: string, former: string | undefined, value: string): string {
  return former === undefined ? value : `${former}${name === 'cookie' ? '; ' : ', '}${value}`;
}

function connectionOf({ socket }: IncomingMessage): Connection {
  const { remoteAddress } = socket;
  const tls = socket as Partial<TLSSocket>;
  if (tls.encrypted !== true) return { remoteAddress, encrypted: false };
  // Only a certificate whose path the server has validated says who the peer is.
  const raw = tls.authorized === true ? tls.getPeerCertificate?.()?.raw : undefined;
  return { remoteAddress, encrypted: true, ...(raw && { clientCertificateDer: new Uint8Array(raw) }) };
}

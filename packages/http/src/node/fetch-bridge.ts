import type { Answer } from '../exchange/answer.ts';
import { HttpProblem } from '../problems/http-problem.ts';
import type { NodeIncoming } from './node-incoming.ts';

/** A host, with a port or without (RFC 9110 section 7.2): nothing that would move the bounds of host and path in a URL. */
const AUTHORITY = /^(?:[\w.~!$&'()*+,;=%-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i;

/** Methods that the Fetch API has no requests of. */
const NO_REQUEST: ReadonlySet<string> = new Set(['CONNECT', 'TRACE', 'TRACK']);
const ALLOW = ['allow', 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'];

/**
 * A request of node:http as one of the Fetch API, for handlers that are not ours.
 *
 * @throws {HttpProblem} TARGET_INVALID, METHOD_NOT_ALLOWED: there is no such request
 */
export function toRequest(incoming: NodeIncoming): Request {
  const { method, body, signal } = incoming;
  if (NO_REQUEST.has(method)) {
    throw new HttpProblem('METHOD_NOT_ALLOWED', `There are no requests of method ${method}`, { headers: ALLOW });
  }
  const init: RequestInit & { duplex?: 'half' } = { method, headers: incoming.headerList(), signal };
  if (body !== undefined && method !== 'GET' && method !== 'HEAD') {
    init.body = streamOf(body);
    init.duplex = 'half';
  }
  return new Request(urlOf(incoming), init);
}

function urlOf(incoming: NodeIncoming): URL {
  const { path, query, connection } = incoming;
  const host = incoming.header('host') ?? 'localhost';
  // Joined as text: of `//host/x`, resolved against an origin, the host would count.
  const text = `${connection.encrypted ? 'https' : 'http'}://${host}${path}${query === '' ? '' : `?${query}`}`;
  if (path.startsWith('/') && AUTHORITY.test(host) && URL.canParse(text)) return new URL(text);
  throw new HttpProblem('TARGET_INVALID', 'The target must be a path, and Host a host with or without a port');
}

/**
 * A response of the Fetch API, to be sent by node:http.
 *
 * @throws {TypeError} its body was read, or is being read
 */
export function fromResponse(response: Response): Answer {
  const headers = [...response.headers].flat();
  const { status, body } = response;
  if (response.bodyUsed || body?.locked === true)
    throw new TypeError('the body of the response was read: hand out a clone');
  return body === null ? { status, headers } : { status, headers, body };
}

function streamOf(pieces: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = pieces[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await iterator.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await iterator.return?.();
    },
  });
}

import type { Answer } from '../exchange/answer.ts';
import type { NodeIncoming } from './node-incoming.ts';

/** A request of node:http as one of the Fetch API, for handlers that are not ours. */
export function toRequest(incoming: NodeIncoming): Request {
  const { method, path, query, connection, body, signal } = incoming;
  const origin = `${connection.encrypted ? 'https' : 'http'}://${incoming.header('host') ?? 'localhost'}`;
  // Joined as text: of `//host/x`, resolved against an origin, the host would count.
  const url = new URL(`${origin}${path}${query === '' ? '' : `?${query}`}`);
  const init: RequestInit & { duplex?: 'half' } = { method, headers: incoming.headerList(), signal };
  if (body !== undefined && method !== 'GET' && method !== 'HEAD') {
    init.body = streamOf(body);
    init.duplex = 'half';
  }
  return new Request(url, init);
}

/** A response of the Fetch API, to be sent by node:http. */
export function fromResponse(response: Response): Answer {
  const headers = [...response.headers].flat();
  const { status, body } = response;
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

import type { Answer } from './answer.ts';
import type { Connection } from './connection.ts';
import type { Incoming } from './incoming.ts';

/** A request of the Fetch API, as the routes see it. */
export function fromRequest(request: Request, connection: Connection): Incoming {
  const { url, headers } = request;
  const start = url.indexOf('/', url.indexOf('//') + 2);
  const target = start < 0 ? '/' : url.slice(start);
  const mark = target.indexOf('?');
  return {
    method: request.method,
    path: mark < 0 ? target : target.slice(0, mark),
    query: mark < 0 ? '' : target.slice(mark + 1),
    connection,
    get body() {
      return request.body === null ? undefined : piecesOf(request.body);
    },
    get isBodyConsumed() {
      return request.bodyUsed;
    },
    get signal() {
      return request.signal;
    },
    header: (name) => headers.get(name) ?? undefined,
  };
}

/** An answer, as a response of the Fetch API. */
export function toResponse({ status, headers, body }: Answer): Response {
  const list = new Headers();
  for (let at = 0; at < headers.length; at += 2) list.append(headers[at] as string, headers[at + 1] as string);
  return new Response(body === undefined ? null : (body as BodyInit), { status, headers: list });
}

async function* piecesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    while (true) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    // What was not read is not wanted: the sender can stop.
    void reader.cancel().catch(() => undefined);
  }
}

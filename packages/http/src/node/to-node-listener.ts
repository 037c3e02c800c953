import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Connection } from '../exchange/connection.ts';
import { type Handler, insideOf } from '../handler.ts';
import { problemAnswer } from '../problems/problem-answer.ts';
import { fromResponse, toRequest } from './fetch-bridge.ts';
import { NodeIncoming } from './node-incoming.ts';
import { writeAnswer } from './write-answer.ts';

/** What node:http, Express and whatever else speaks of `req` and `res` call. */
export type NodeListener = (
  request: IncomingMessage,
  response: ServerResponse,
  next?: (error?: unknown) => void,
) => void;

/**
 * Mounts a handler on node:http, node:https, Express, or anything that hands out their requests. Mount it before any body parser.
 *
 * A handler of `createHandlers` is used without a `Request` and a `Response` in between. Where `next` is given, as Express does, what no route is
 * for goes on to it.
 *
 * @example
 * ```ts
 * createServer(toNodeListener(handlers.router)).listen(8080);
 * express().use(toNodeListener(handlers.router));
 * ```
 */
export function toNodeListener(handler: Handler): NodeListener {
  const inside = insideOf(handler);
  return (request, response, next) => {
    const incoming = new NodeIncoming(request, response);
    if (inside === undefined) {
      void answerByFetch(handler, incoming, incoming.connection, response);
      return;
    }
    if (next !== undefined && !inside.leads(incoming.path)) {
      next();
      return;
    }
    void inside.dispatch(incoming).then((answer) => writeAnswer(response, answer, incoming.method));
  };
}

async function answerByFetch(
  handler: Handler,
  incoming: NodeIncoming,
  connection: Connection,
  response: ServerResponse,
): Promise<void> {
  try {
    const answer = await handler(toRequest(incoming), connection);
    writeAnswer(response, fromResponse(answer), incoming.method);
  } catch (error) {
    writeAnswer(response, problemAnswer(error, ''), incoming.method);
  }
}

import type { Answer } from './exchange/answer.ts';
import type { Connection } from './exchange/connection.ts';
import { fromRequest, toResponse } from './exchange/fetch-incoming.ts';
import type { Incoming } from './exchange/incoming.ts';

/** Answers requests of the Fetch API. It never rejects: what goes wrong is a problem document. */
export type Handler = (request: Request, connection: Connection) => Promise<Response>;

/** What lies within a handler of ours: it takes requests of any kind. */
export interface Inside {
  dispatch(incoming: Incoming): Promise<Answer>;
  leads(path: string): boolean;
  /** The template of the path that a request leads to; undefined where it leads nowhere. */
  routeOf(incoming: Pick<Incoming, 'method' | 'path'>): string | undefined;
}

const INSIDE = new WeakMap<Handler, Inside>();

/** Makes a handler. */
export function handlerOf(inside: Inside): Handler {
  const handler: Handler = async (request, connection) => {
    const answer = await inside.dispatch(fromRequest(request, connection));
    return toResponse(request.method === 'HEAD' ? { status: answer.status, headers: answer.headers } : answer);
  };
  INSIDE.set(handler, inside);
  return handler;
}

/** What lies within a handler; undefined where it is not one of ours. */
export function insideOf(handler: Handler): Inside | undefined {
  return INSIDE.get(handler);
}

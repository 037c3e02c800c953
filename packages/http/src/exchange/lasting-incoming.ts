import type { Incoming } from './incoming.ts';

/** A request that is not given up when its client goes away: what it asks for is done, and its answer kept for when it comes again. */
export function lasting(incoming: Incoming): Incoming {
  const { method, path, query, header, connection } = incoming;
  const { signal } = new AbortController();
  return {
    method,
    path,
    query,
    header,
    connection,
    signal,
    get body() {
      return incoming.body;
    },
    get isBodyConsumed() {
      return incoming.isBodyConsumed;
    },
  };
}

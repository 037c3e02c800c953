import type { Connection } from './connection.ts';
import type { Incoming } from './incoming.ts';

/** A request as if it had come over another connection: that of the client, and not of the proxy in front. */
export function overConnection(incoming: Incoming, connection: Connection): Incoming {
  return derived(incoming, { connection });
}

/** A request that is not given up when its client goes away: what it asks for is done, and its answer kept for when it comes again. */
export function lasting(incoming: Incoming): Incoming {
  return derived(incoming, { signal: new AbortController().signal });
}

/** The same request but for some parts. What is made when it is first asked for stays so. */
function derived(
  incoming: Incoming,
  { connection = incoming.connection, signal }: { readonly connection?: Connection; readonly signal?: AbortSignal },
): Incoming {
  const { method, path, query } = incoming;
  return {
    method,
    path,
    query,
    connection,
    get body() {
      return incoming.body;
    },
    get isBodyConsumed() {
      return incoming.isBodyConsumed;
    },
    get signal() {
      return signal ?? incoming.signal;
    },
    header: (name) => incoming.header(name),
  };
}

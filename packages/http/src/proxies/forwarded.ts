import type { Connection } from '../exchange/connection.ts';
import type { Incoming } from '../exchange/incoming.ts';

/** A request as if it had come over another connection: that of the client, and not of the proxy in front. */
export function overConnection(incoming: Incoming, connection: Connection): Incoming {
  const { method, path, query, header } = incoming;
  return {
    method,
    path,
    query,
    header,
    connection,
    get body() {
      return incoming.body;
    },
    get isBodyConsumed() {
      return incoming.isBodyConsumed;
    },
    get signal() {
      return incoming.signal;
    },
  };
}

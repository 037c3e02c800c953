import { once } from 'node:events';
import type { Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';

/** A server that listens on loopback, and raw requests to it. */
export interface Served {
  readonly origin: string;
  /** Sends bytes as they are, and gives all that comes back until the server closes, or the answer has ended. */
  raw(text: string, options?: { readonly until?: RegExp }): Promise<string>;
  close(): Promise<void>;
}

/** Starts a server on any free port. */
export async function serve(server: Server): Promise<Served> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    async raw(text, { until } = {}) {
      const socket = connect(port, '127.0.0.1');
      let answer = '';
      socket.setEncoding('latin1');
      socket.on('data', (piece: string) => {
        answer += piece;
        if (until?.test(answer)) socket.destroy();
      });
      socket.on('error', () => undefined);
      socket.write(text, 'latin1');
      await once(socket, 'close');
      return answer;
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

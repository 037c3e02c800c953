import { once } from 'node:events';
import { createServer } from 'node:net';
import { type ConnectionOptions, connect } from 'node:tls';

/** The bytes that Node's own client sends first, with all of its records. */
export async function capturedHello(options: ConnectionOptions): Promise<Uint8Array> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const client = connect({ port, host: '127.0.0.1', ...options });
  client.on('error', () => undefined);
  const [socket] = await once(server, 'connection');
  const [hello] = await once(socket, 'data');
  client.destroy();
  socket.destroy();
  server.close();
  return new Uint8Array(hello);
}

/** Puts a handshake message into records of so many octets at the most. */
export function inRecords(message: Uint8Array, most: number): Uint8Array {
  const parts: number[] = [];
  for (let at = 0; at < message.length; at += most) {
    const part = message.subarray(at, at + most);
    parts.push(22, 3, 1, part.length >> 8, part.length & 255, ...part);
  }
  return Uint8Array.from(parts);
}

/** The handshake message in the first record of what a client sent. */
export function messageOf(hello: Uint8Array): Uint8Array {
  return hello.subarray(5);
}

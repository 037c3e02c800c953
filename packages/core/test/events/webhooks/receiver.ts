import { once } from 'node:events';
import http, { type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import net, { type Socket } from 'node:net';
import { afterEach } from 'vitest';
import { nodeCrypto } from '../../../src/crypto/node-provider.ts';
import { encodePem } from '../../../src/encoding/pem.ts';
import type { CloudEvent } from '../../../src/events/cloud-event.ts';
import { encodeSubjectAltName } from '../../../src/x509/extensions/alternative-names.ts';
import { parseGeneralNameText } from '../../../src/x509/name/general-name.ts';
import { freePort } from '../../support/free-ports.ts';
import { testCertificate } from '../../support/test-ca.ts';
import { testKey } from '../../support/test-keys.ts';

/** A request that a receiver got. */
export interface ReceivedRequest {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** An HTTP server on the loopback interface. */
export interface Receiver {
  readonly port: number;
  readonly url: string;
  readonly requests: ReceivedRequest[];
  /** How many connections were made to it. */
  connections: number;
  /** Answers each request; 200 without a body by default. */
  answer: (request: ReceivedRequest, response: ServerResponse) => void;
  close(): Promise<void>;
}

const open = new Set<() => Promise<void>>();
afterEach(async () => {
  for (const close of open) await close();
  open.clear();
});

/** No connection ends by itself while a slow machine is at something else. */
const PATIENT = { keepAliveTimeout: 60_000 };

/**
 * Starts a receiver; it is closed after the test.
 *
 * @param options.port Default: one that is nobody else's, at any address of the machine, also after the receiver was closed.
 */
export async function startReceiver({
  tls,
  port,
}: {
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly port?: number;
} = {}): Promise<Receiver> {
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const chunks: Uint8Array[] = [];
    request.on('data', (chunk: Uint8Array) => chunks.push(chunk));
    request.on('end', () => {
      const { method, url: path, headers } = request;
      const received = { method, path, headers, body: Buffer.concat(chunks).toString() };
      receiver.requests.push(received);
      receiver.answer(received, response);
    });
  };
  const server = tls ? https.createServer({ ...tls, ...PATIENT }, handle) : http.createServer(PATIENT, handle);
  const bound = port ?? (await freePort());
  const close = await listen(server, bound);
  const receiver: Receiver = {
    port: bound,
    url: `${tls ? 'https' : 'http'}://localhost:${bound}/hooks?token=in-the-url`,
    requests: [],
    connections: 0,
    answer: (_request, response) => void response.end(),
    close,
  };
  server.on('connection', () => {
    receiver.connections += 1;
  });
  return receiver;
}

/** Starts a server that does as it likes with each connection, once the request's header has come. */
export async function startRawReceiver(act: (socket: Socket) => void): Promise<{ readonly url: string }> {
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => act(socket));
  });
  const port = await freePort();
  await listen(server, port);
  return { url: `http://localhost:${port}/` };
}

async function listen(server: net.Server, port: number): Promise<() => Promise<void>> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await once(server.listen(port, '127.0.0.1'), 'listening');
  const close = async (): Promise<void> => {
    open.delete(close);
    if (!server.listening) return;
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => {
      server.close(resolve);
    });
  };
  open.add(close);
  return close;
}

/** A self-signed certificate for names, and its key. */
export async function serverCertificate(names: readonly string[]): Promise<{ cert: string; key: string }> {
  const key = await testKey('ECDSA-P256');
  const cert = await testCertificate({
    subject: 'CN=Receiver',
    signingKey: key,
    basicConstraints: { cA: false },
    keyUsage: ['digitalSignature'],
    extensions: [encodeSubjectAltName(names.map((name) => parseGeneralNameText(name)))],
  });
  return { cert, key: encodePem('PRIVATE KEY', await nodeCrypto().exportPrivateKey(key)) };
}

/** An event with text in it that has broken parsers before. */
export const hostileEvent: CloudEvent = {
  specversion: '1.0',
  id: '01a0b1c2-0000-7000-8000-000000000001',
  type: 'thing.changed',
  source: '/things',
  subject: 'a"b\\c\u2028</script>$%7B\u{1f512} é',
  subjectRevision: 3,
  time: new Date('2026-08-01T12:00:00.123Z'),
  data: JSON.parse('{"__proto__":{"polluted":true},"text":"line\\r\\nx-injected: yes","list":[1,null,{"deep":""}]}'),
};

import { once } from 'node:events';
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { request } from 'node:https';
import { connect, type TLSSocket } from 'node:tls';

/** Who asks, where, and for what. */
export interface ProxyRequest {
  readonly port: number;
  readonly host: string;
  readonly ca: string;
  readonly path: string;
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: unknown;
  readonly client?: { readonly chainPem: string; readonly privateKeyPem?: string };
  /** A TLS session to be resumed. */
  readonly session?: Buffer;
}

/** What came back, and over what. */
export interface ProxyAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  /** Absent where the TLS session was resumed. */
  readonly peerSerialNumber?: string;
  readonly isResumed: boolean;
}

/** Asks on a connection of its own. */
export async function ask(options: ProxyRequest): Promise<ProxyAnswer> {
  const { method = 'GET', headers = {}, body, path } = options;
  const json = body === undefined ? undefined : JSON.stringify(body);
  const outgoing = request({
    ...tlsOptions(options),
    path,
    method,
    agent: false,
    headers: { host: options.host, ...(json && { 'content-type': 'application/json' }), ...headers },
  });
  outgoing.end(json);
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  const socket = response.socket as TLSSocket;
  const isResumed = socket.isSessionReused();
  const serialNumber = socket.getPeerCertificate().serialNumber?.toLowerCase();
  const chunks: Buffer[] = await response.toArray();
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text: Buffer.concat(chunks).toString('utf8'),
    isResumed,
    ...(serialNumber && { peerSerialNumber: serialNumber }),
  };
}

/** Shakes hands, asks, and keeps the session that the server offers for resumption; undefined where it offers none. */
export async function sessionOf(options: ProxyRequest): Promise<Buffer | undefined> {
  const socket = connect(tlsOptions(options));
  let session: Buffer | undefined;
  socket.on('session', (offered: Buffer) => {
    session = offered;
  });
  await once(socket, 'secureConnect');
  socket.write(`GET ${options.path} HTTP/1.1\r\nhost: ${options.host}\r\nconnection: close\r\n\r\n`);
  socket.resume();
  // How it ends is nothing to us: what is offered was offered before.
  await once(socket, 'close').catch(() => undefined);
  return session;
}

function tlsOptions({ port, host, ca, client, session }: ProxyRequest) {
  return {
    host: '127.0.0.1',
    port,
    servername: host,
    ca,
    ...(client && { cert: client.chainPem, key: client.privateKeyPem }),
    ...(session && { session }),
  };
}

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { AcmeIssuer, Http01Responder } from '../../src/index.ts';

/** A server of a test. */
export interface Responder {
  readonly port: number;
  close(): Promise<void>;
}

/** Serves a responder at `/.well-known/acme-challenge/`, as a host would. */
export async function serveHttp01(respond: Http01Responder, port = 0): Promise<Responder> {
  const server = createServer((request, response) => {
    const [, token = ''] = /^\/\.well-known\/acme-challenge\/([^/?]+)$/.exec(request.url ?? '') ?? [];
    respond(token, request.headers.host).then(
      (body) => response.writeHead(body === undefined ? 404 : 200, { connection: 'close' }).end(body),
      () => response.writeHead(500).end(),
    );
  }).listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Serves what answers tls-alpn-01 to every connection: which ones offer `acme-tls/1` is for a listener of the host's to tell. */
export async function serveTlsAlpn01(issuer: AcmeIssuer, port: number): Promise<Responder> {
  const { createSecureContext } = await import('node:tls');
  const server = createTlsServer({
    ALPNProtocols: ['acme-tls/1'],
    SNICallback: (name, callback) => {
      issuer.tlsAlpnCertificate(name).then(
        (found) => callback(null, found && createSecureContext({ cert: found.certPem, key: found.keyPem })),
        (error: Error) => callback(error),
      );
    },
  }).listen(port, '127.0.0.1');
  server.on('tlsClientError', () => undefined);
  await once(server, 'listening');
  return { port, close: () => new Promise((resolve) => server.close(() => resolve())) };
}

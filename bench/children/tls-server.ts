import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createSecureContext, createServer, type SecureContext, type Server, type TlsOptions } from 'node:tls';
import { createTlsResolver } from '@chancery/core';
import { type SharedPem, servedName, servedNames } from '../workload/served-names.ts';

/** How a server finds the certificate of a name. */
export type TlsServerKind = 'one certificate' | 'map' | 'resolver' | 'addContext';

/** What the server answers: where it listens, and whenever it is asked the CPU that it has spent, in microseconds. */
export type TlsServerAnswer = { readonly port: number } | { readonly cpu: number };

// A process of its own: what the client spends is none of the server's.
const [, , kind, names, pem] = process.argv;
const shared = JSON.parse(pem as string) as SharedPem;
const server = await start(kind as TlsServerKind, Number(names));
server.on('tlsClientError', (error) => {
  throw error;
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  tell({ cpu: user + system });
});
process.once('disconnect', () => process.exit());
tell({ port: (server.address() as AddressInfo).port });

async function start(how: TlsServerKind, count: number): Promise<Server> {
  const own = { cert: shared.certificatePem, key: shared.keyPem };
  if (how === 'resolver') {
    const fallback = { certPem: own.cert, keyPem: own.key };
    const resolver = createTlsResolver({ certificates: servedNames(count, shared), fallback });
    // Only the callback: the order of signatures and suites that goes with it would be another handshake.
    return serve({ ...own, SNICallback: resolver.sniCallback });
  }
  if (how === 'map') {
    const contexts = new Map<string, SecureContext>();
    for (let at = 0; at < count; at++) contexts.set(servedName(at), createSecureContext(own));
    return serve({ ...own, SNICallback: (name, callback) => callback(null, contexts.get(name)) });
  }
  const made = serve(own);
  if (how === 'addContext') {
    const context = createSecureContext(own);
    for (let at = 0; at < count; at++) made.addContext(servedName(at), context);
  }
  return made;
}

function serve(options: TlsOptions): Server {
  return createServer(options, (socket) => {
    socket.on('error', () => undefined);
    socket.end('served');
  });
}

function tell(answer: TlsServerAnswer): void {
  process.send?.(answer);
}

// Two servers that want client certificates: one as Node makes it, one with a resolver that trusts no client.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer, type TlsOptions } from 'node:tls';
import { createTlsResolver } from '../../../src/index.ts';
import type { CertificateSource, ServedCertificate } from '../../../src/ports/certificate-source.ts';
import { systemClock } from '../../../src/ports/system-clock.ts';

const served = JSON.parse(readFileSync(process.argv[2] as string, 'utf8')) as ServedCertificate;
const certificates: CertificateSource = {
  served: async () => ({ ...served, notAfter: new Date(served.notAfter) }),
  versions: async (names) => names.map((name) => (name === served.names[0] ? 'one' : undefined)),
  on: () => () => undefined,
};
const pem = { certPem: served.chainPem, keyPem: served.privateKeyPem };
const tls = createTlsResolver({ certificates, fallback: pem, clock: systemClock });
const plain = await listen({ cert: served.chainPem, key: served.privateKeyPem });
const resolved = await listen({ ...(await tls.serverOptions()) });
process.send?.({ plain, resolved });
process.once('disconnect', () => process.exit());

async function listen(options: TlsOptions): Promise<number> {
  const server = createServer({ ...options, requestCert: true, rejectUnauthorized: true }, (socket) => {
    socket.on('error', () => undefined);
    socket.end('hello');
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

// A process that serves certificates from a shared storage, for the tests that renew them under load.
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { CertificateManager } from '../../src/certificates/certificate-manager.ts';
import { CertificateAuthority, createTlsResolver, LocalKeyring } from '../../src/index.ts';
import type { HotReloadReport, HotReloadTask } from './hot-reload.ts';
import type { OpenStorage } from './storage-process.ts';

const { module, key } = JSON.parse(process.argv[2] as string) as HotReloadTask;
const { openStorage } = (await import(module.url)) as { openStorage: OpenStorage };
const storage = openStorage(module.options);
const keyring = LocalKeyring.fromKeys({ current: 'key', keys: { key: Buffer.from(key, 'hex') } });
const authority = new CertificateAuthority({ storage, keyring });
const certificates = new CertificateManager({ storage, keyring, issuers: { internal: authority } });
const tls = createTlsResolver({ certificates, fallback: 'self-signed' });
const errors: string[] = [];
const server = createServer({ ...(await tls.serverOptions()), keepAliveTimeout: 600_000 }, (_, response) => {
  response.end('served');
});
server.on('tlsClientError', ({ message }) => errors.push(message));
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const pauses = monitorEventLoopDelay({ resolution: 10 });
pauses.enable();
process.once('disconnect', () => process.exit());
process.on('message', () => tell({ kind: 'over', errors, pausedMs: pauses.max / 1e6 }));
tell({ kind: 'listening', port: (server.address() as AddressInfo).port });

function tell(report: HotReloadReport): void {
  process.send?.(report);
}

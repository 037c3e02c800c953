import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createTlsResolver, type Keyring, type TlsResolver } from '@chancery/core';
import { createHandlers, createMetrics } from '@chancery/http';
import { createApp } from './app.ts';
import { Rolls } from './dashboard/rolls.ts';
import { bundleVault } from './dashboard/vault-script.ts';
import { PERMISSIONS } from './demo/accounts.ts';
import { type Secrets, seed } from './demo/seed.ts';
import { createManagers, type Managers } from './managers.ts';
import { briefly, DEFAULT_PACE, type Pace } from './pace.ts';
import type { KeptStorage } from './storage.ts';

/** What a server is started with. */
export interface StartOptions {
  readonly storage: KeptStorage;
  readonly keyring: Keyring;
  /** Default: any free one. */
  readonly port?: number;
  readonly tlsPort?: number;
  /** How many certificates to begin with. */
  readonly certificates?: number;
  readonly pace?: Pace;
}

/** A server that runs. */
export interface RunningServer extends Managers {
  readonly origin: string;
  readonly tlsOrigin: string;
  readonly secrets: Secrets;
  /** Answers what is under way, and ends. */
  close(): Promise<void>;
}

/** The name that the HTTPS server answers to, and has a certificate for that is renewed while it runs. */
const HOST = 'localhost';

/** Starts everything on loopback: HTTP, and HTTPS with a certificate of its own authority. */
export async function startServer(options: StartOptions): Promise<RunningServer> {
  const { storage, keyring, port = 0, tlsPort = 0, certificates: count = 24, pace = DEFAULT_PACE } = options;
  const plain = createServer();
  const origin = `http://${HOST}:${await listen(plain, port)}`;
  const managers = createManagers({ storage, keyring, origin, pace });
  const { certificates, events, scheduler } = managers;
  const secrets = await seed(managers, { count, pace });
  await serveOwnName(managers, pace);

  const tls = createTlsResolver({ certificates, fallback: 'self-signed' });
  const secure = createTlsServer({ ...(await tls.serverOptions()), minVersion: 'TLSv1.2' });
  const tlsOrigin = `https://${HOST}:${await listen(secure, tlsPort)}`;

  events.start();
  scheduler.start();
  const rolls = new Rolls(certificates, events);
  const vaultScript = await bundleVault();
  const readiness = { tls: tlsCheck(tls) };
  const { accounts, authority } = managers;
  const metrics = await createMetrics();
  metrics.watch({ accounts, certificates, authority, events, scheduler });
  const { observe } = metrics;
  const app = (publicOrigin: string) => {
    const handlers = createHandlers({
      storage,
      keyring,
      ...managers,
      publicOrigin,
      permissions: PERMISSIONS,
      readiness,
      observe,
    });
    return createApp({ handlers, metrics, rolls, vaultScript });
  };
  plain.on('request', app(origin));
  secure.on('request', app(tlsOrigin));
  return {
    ...managers,
    origin,
    tlsOrigin,
    secrets,
    async close() {
      await Promise.all([stop(plain), stop(secure)]);
      await Promise.all([scheduler.stop(), events.stop()]);
      rolls.close();
      metrics.close();
      await tls.close();
      await certificates.close();
    },
  };
}

/** For `readyz`: a server that cannot read its certificates serves those that it has, for a while. */
function tlsCheck(tls: TlsResolver) {
  return async () => {
    const { status, contexts, expired } = tls.health();
    if (status === 'stale' || expired > 0) throw new Error('certificates are not current');
    return { contexts };
  };
}

async function serveOwnName({ certificates }: Managers, pace: Pace): Promise<void> {
  const name = 'This server';
  if ((await certificates.getByName(name)) !== undefined) return;
  await certificates.create({ name, subjectAltNames: [HOST, 'ip:127.0.0.1'], validity: briefly(pace) });
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, HOST);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** What is under way gets a moment; whoever follows events would stay for ever. */
async function stop(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  const patience = setTimeout(() => server.closeAllConnections(), 1_000);
  await closed;
  clearTimeout(patience);
}

import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AccountManager, CertificateAuthority, CertificateManager, LocalKeyring } from '@chancery/core';
import { createHandlers, toNodeListener } from '@chancery/http';
import { MemoryStorage } from '@chancery/storage-memory';
import express from 'express';
import type { HttpServerKind, HttpTarget } from '../harness/http-load.ts';

const HELLO = 'Hello World';

/** The server of one contestant, in a process of its own. */
async function listenerOf(
  kind: HttpServerKind,
): Promise<{ listener: RequestListener; target: Omit<HttpTarget, 'port'> }> {
  if (kind === 'node:http') return { listener: (_, response) => response.end(HELLO), target: { path: '/' } };
  if (kind === 'express') {
    const app = express();
    app.get('/', (_, response) => response.send(HELLO));
    return { listener: app, target: { path: '/' } };
  }
  if (kind === 'node:http, the same bytes') return sameBytes();
  const { router, target } = await api(kind === 'ours, offline' ? 'offlineReads' : 'strict');
  if (kind !== 'ours on express') return { listener: toNodeListener(router), target };
  const app = express();
  app.use(toNodeListener(router));
  return { listener: app, target };
}

/** A server that looks at nothing, and sends what ours would: what requests and answers of this size cost by themselves. */
async function sameBytes(): Promise<{ listener: RequestListener; target: Omit<HttpTarget, 'port'> }> {
  const { router, target } = await api('strict');
  const request = new Request(`http://localhost${target.path}`, {
    headers: { authorization: `Bearer ${target.token}` },
  });
  const answer = await router(request, { encrypted: false });
  const body = await answer.text();
  const headers = [...answer.headers, ['content-length', String(Buffer.byteLength(body))]].flat();
  return { listener: (_, response) => response.writeHead(answer.status, headers).end(body, 'latin1'), target };
}

async function api(authentication: 'strict' | 'offlineReads') {
  const storage = new MemoryStorage();
  const keyring = LocalKeyring.generate();
  const authority = new CertificateAuthority({ storage, keyring });
  const passphrase = 'correct horse battery staple';
  const { root } = await authority.bootstrap({ organization: 'Bench', passphrase, saveRoot: async () => undefined });
  root.close();
  const accounts = new AccountManager({
    storage,
    keyring,
    issuer: 'https://app.example',
    accessTokenTtlMs: 86_400_000,
  });
  const certificates = new CertificateManager({ storage, keyring, issuers: { internal: authority } });
  const login = { login: 'bench', password: 'nothing to hide in here' };
  await accounts.create({ ...login, roles: ['admin'] });
  const { accessToken } = await accounts.login(login);
  const { id } = await certificates.create({ subjectAltNames: ['www.example.com'] });
  // The limit is for a minute: it is charged like any other, and never reached.
  const rateLimits = { account: { limit: 1_000_000_000, periodMs: 60_000 } };
  const { router } = createHandlers({
    storage,
    keyring,
    accounts,
    authority,
    certificates,
    authentication,
    rateLimits,
  });
  return { router, target: { path: `/certificates/${id}`, token: accessToken } };
}

const { listener, target } = await listenerOf(process.argv[2] as HttpServerKind);
const server = createServer(listener);
server.listen(0, '127.0.0.1');
await once(server, 'listening');
process.send?.({ ...target, port: (server.address() as AddressInfo).port } satisfies HttpTarget);
// Asked by the bench, before and after a load.
process.on('message', () => process.send?.(process.cpuUsage()));
process.once('disconnect', () => process.exit());

import { once } from 'node:events';
import { Agent, createServer, request, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { AccountManager, LocalKeyring, OfflineRoot } from '@chancery/core';
import { VirtualClock } from '@chancery/core/testing';
import { MemoryStorage } from '@chancery/storage-memory';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestAuthority, PASSPHRASE } from '../../core/test/support/test-authority.ts';
import { createHandlers, toNodeListener } from '../src/index.ts';

/** What a client shows in TLS. */
interface Shown {
  readonly cert: string;
  readonly key: string;
}

const CREDENTIALS = { login: 'ann', password: 'seventeen purple otters' };
let server: Server;
let trustAnchors: string;
let ann: Shown;
let bob: Shown;
let stranger: Shown;

/** TLS judges certificates by the clock of the machine. */
beforeAll(async () => {
  const clock = new VirtualClock(Date.now());
  const storage = new MemoryStorage({ clock });
  const keyring = LocalKeyring.generate();
  const ours = await createTestAuthority({ clock, storage, keyring });
  const { root } = await OfflineRoot.create({ subject: 'CN=Other Root,O=Other', passphrase: PASSPHRASE, clock });
  const theirs = await createTestAuthority({ clock, root });
  const issue = async ({ authority }: typeof ours, profile: string, subjectAltName: string): Promise<Shown> => {
    const { chainPem, privateKeyPem } = await authority.issue({ profile, subjectAltNames: [subjectAltName] });
    return { cert: chainPem, key: privateKeyPem ?? '' };
  };
  trustAnchors = await ours.authority.trustAnchorsPem();
  ann = await issue(ours, 'client', 'email:ann@app.example');
  bob = await issue(ours, 'client', 'email:bob@app.example');
  stranger = await issue(theirs, 'client', 'email:ann@app.example');
  const accounts = new AccountManager({
    storage,
    keyring,
    clock,
    issuer: 'https://app.example',
    passwordHashing: { algorithm: 'scrypt', scrypt: { cost: 16, blockSize: 1, parallelization: 1 } },
  });
  await accounts.create(CREDENTIALS);
  const { router } = createHandlers({ storage, keyring, accounts, clock });
  const own = await issue(ours, 'server', 'localhost');
  // Whoever shows none, or one of others, gets as far as the routes: it is for them to refuse.
  const clients = { ca: trustAnchors, requestCert: true, rejectUnauthorized: false };
  server = createServer({ ...own, ...clients }, toNodeListener(router));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterAll(async () => {
  server.close();
  server.closeAllConnections();
});

const agentOf = (shown?: Shown) =>
  new Agent({ ...shown, ca: trustAnchors, servername: 'localhost', maxCachedSessions: 5 });

async function send(
  agent: Agent,
  method: string,
  path: string,
  { token, json }: { token?: string; json?: object } = {},
) {
  const { port } = server.address() as AddressInfo;
  const sent = request({
    agent,
    method,
    path,
    host: '127.0.0.1',
    port,
    headers: {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(json && { 'content-type': 'application/json' }),
    },
  });
  sent.end(json && JSON.stringify(json));
  const [answer] = await once(sent, 'response');
  // Asked before the answer ends, and with it, maybe, the connection.
  const isResumed = (sent.socket as TLSSocket).isSessionReused();
  let text = '';
  for await (const piece of answer) text += piece;
  return { status: answer.statusCode, body: JSON.parse(text), isResumed };
}

describe('a session that is bound to a client certificate', () => {
  it('is good on connections that were authenticated by it, resumed ones too, and on no other', async () => {
    const agent = agentOf(ann);
    const login = await send(agent, 'POST', '/sessions', { json: { ...CREDENTIALS, bindCertificate: 'generation' } });
    expect(login.status).toBe(201);
    const token = login.body.accessToken;
    const first = await send(agent, 'GET', '/sessions/current', { token });
    expect([first.status, first.body.boundTo]).toEqual([200, ['certificate']]);
    const second = await send(agent, 'GET', '/sessions/current', { token });
    expect([first.isResumed || second.isResumed, second.status]).toEqual([true, 200]);
    const codes = [];
    for (const shown of [undefined, stranger, bob]) {
      codes.push((await send(agentOf(shown), 'GET', '/sessions/current', { token })).body.code);
    }
    expect(codes).toEqual(['PROOF_REQUIRED', 'PROOF_REQUIRED', 'PROOF_INVALID']);
  });

  it('is not opened by who shows no certificate, or one that no anchor stands behind', async () => {
    for (const shown of [undefined, stranger]) {
      const json = { ...CREDENTIALS, bindCertificate: 'generation' };
      const { status, body } = await send(agentOf(shown), 'POST', '/sessions', { json });
      expect([status, body.code]).toEqual([401, 'PROOF_REQUIRED']);
    }
  });
});

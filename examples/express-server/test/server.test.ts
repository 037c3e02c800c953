import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { connect, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkServer } from '../src/check.ts';
import { ADMINISTRATOR } from '../src/demo/accounts.ts';
import { openKeyring } from '../src/keyring.ts';
import { type RunningServer, startServer } from '../src/server.ts';
import { openStorage } from '../src/storage.ts';
import { startInMemory } from './support/start.ts';

let server: RunningServer;
let ca: string;

beforeAll(async () => {
  server = await startInMemory({ certificates: 10 });
  ca = await server.authority.trustAnchorsPem();
});
afterAll(() => server?.close());

/** Logs in without a browser. */
async function tokenOf({ origin, secrets }: RunningServer): Promise<string> {
  const response = await fetch(`${origin}/sessions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ login: ADMINISTRATOR, password: secrets.password }),
  });
  expect(response.status).toBe(201);
  return ((await response.json()) as { accessToken: string }).accessToken;
}

describe('the server over TLS (S1-14, S1-15)', () => {
  const handshake = async (options: object) => {
    const socket = connect({
      host: 'localhost',
      port: Number(new URL(server.tlsOrigin).port),
      servername: 'localhost',
      ca,
      ...options,
    });
    try {
      await once(socket, 'secureConnect');
      return { protocol: socket.getProtocol(), serialNumber: socket.getPeerCertificate().serialNumber.toLowerCase() };
    } finally {
      socket.destroy();
    }
  };

  it('speaks TLS 1.2 and 1.3 with a certificate of its own authority, and nothing older', async () => {
    const own = await server.certificates.getByName('This server');
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const { protocol, serialNumber } = await handshake({ minVersion: version, maxVersion: version });
      expect(protocol).toBe(version);
      expect(serialNumber.replace(/^0+/, '')).toBe(own?.serialNumber?.replace(/^0+/, ''));
    }
    const ancient = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' };
    await expect(handshake(ancient)).rejects.toThrow();
    await expect(handshake({ ca: undefined })).rejects.toThrow();
  });

  it('serves a renewed certificate within a second, on the same server, and drops no connection', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ca });
    const ask = async () => {
      const outgoing = request(`${server.tlsOrigin}/healthz`, { agent }).end();
      const [response] = await once(outgoing, 'response');
      // Read before the answer ends, when the agent takes the socket back.
      const { localPort } = response.socket as TLSSocket;
      await json(response);
      return { status: response.statusCode, localPort };
    };
    const before = { ...(await handshake({})), connection: await ask() };
    const own = await server.certificates.getByName('This server');
    let isOver = false;
    // All the while, since a connection over which nothing is asked for five seconds is dropped in any case.
    const askOn = async () => {
      const answers = [];
      do {
        answers.push(await ask());
        await setTimeout(100);
      } while (!isOver);
      return [...answers, await ask()];
    };
    const asking = askOn();
    await server.certificates.renew(own?.id as string);
    const renewedAt = Date.now();
    let after = await handshake({});
    while (after.serialNumber === before.serialNumber && Date.now() - renewedAt < 20_000) after = await handshake({});
    isOver = true;
    expect(after.serialNumber).not.toBe(before.serialNumber);
    for (const answer of await asking) expect(answer).toEqual(before.connection);
    agent.destroy();
  });
});

describe('the server', () => {
  it('lists every route, and shows what it has (S2-8)', async () => {
    const { paths } = (await (await fetch(`${server.origin}/openapi.json`)).json()) as { paths: object };
    for (const path of ['/certificates', '/accounts', '/records/{recordId}', '/events/stream', '/readyz']) {
      expect(Object.keys(paths)).toContain(path);
    }
    expect(await (await fetch(`${server.origin}/readyz`)).json()).toMatchObject({
      status: 'ok',
      checks: { tls: { status: 'ok' } },
    });
    const statuses = async () => {
      const { items } = await server.certificates.list({ limit: 100 });
      return [...new Set(items.map(({ status }) => status))].sort();
    };
    // One of them ends within seconds.
    await expect.poll(statuses).toEqual(['expired', 'failed', 'pending', 'revoked', 'valid']);
  });

  it('shows overview and metrics to whoever may see them, and to nobody else', async () => {
    const authorization = `Bearer ${await tokenOf(server)}`;
    const overview = await fetch(`${server.origin}/dashboard/overview`, { headers: { authorization } });
    expect(overview.status).toBe(200);
    expect(await overview.json()).toMatchObject({ counts: { revoked: 1, failed: 1, pending: 1 } });

    const metrics = await fetch(`${server.origin}/metrics`, { headers: { authorization } });
    expect(await metrics.text()).toMatch(/^chancery_\w+\{.*\} \d/m);

    const login = 'nobody.special@example.com';
    const password = 'twelve amber lanterns';
    await server.accounts.create({ login, password });
    const { accessToken } = await server.accounts.login({ login, password });
    for (const path of ['/dashboard/overview', '/dashboard/log', '/metrics']) {
      const refused = await fetch(server.origin + path, { headers: { authorization: `Bearer ${accessToken}` } });
      expect([refused.status, await refused.json()]).toMatchObject([403, { code: 'PERMISSION_DENIED' }]);
      const anonymous = await fetch(server.origin + path);
      expect([anonymous.status, anonymous.headers.get('content-type')]).toEqual([
        401,
        expect.stringContaining('problem+json'),
      ]);
    }
  });

  it('serves the page with a policy that lets in nothing from elsewhere, and no script or style in the page', async () => {
    const page = await fetch(server.origin);
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(policy).not.toContain('unsafe');
    const html = await page.text();
    expect(html).not.toMatch(/<style|style=|<script>|\son[a-z]+=|https?:/);
    expect((await fetch(`${server.origin}/dashboard/scripts/main.js`)).headers.get('content-security-policy')).toBe(
      policy,
    );
    const vault = await (await fetch(`${server.origin}/dashboard/vault.js`)).text();
    expect(vault.length).toBeLessThan(24_000);
    expect((await fetch(`${server.origin}/nowhere`)).status).toBe(404);
  });
});

describe('the server as a client sees it', () => {
  it('finds itself in order', async () => {
    expect(await checkServer(server)).toHaveLength(3);
  });
});

describe('the server on a folder', () => {
  it('goes on where it ended, with the same keys, and gives the administrator another password', {
    timeout: 600_000,
  }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'chancery-server-'));
    const file = join(folder, 'keyring.json');
    const start = async () => {
      const { storage, close } = await openStorage({ kind: 'pglite', folder: join(folder, 'data') });
      const running = await startServer({ storage, keyring: await openKeyring(file), certificates: 10 });
      return { ...running, close: () => running.close().then(close) };
    };
    try {
      const first = await start();
      const { items: before } = await first.certificates.list({ limit: 100 });
      await first.close();
      expect((await stat(file)).mode & 0o077).toBe(0);
      const second = await start();
      expect(second.secrets.letterKey).toBeUndefined();
      expect(second.secrets.password).not.toBe(first.secrets.password);
      await tokenOf(second);
      const { items: after } = await second.certificates.list({ limit: 100 });
      expect(after.map(({ id }) => id).sort()).toEqual(before.map(({ id }) => id).sort());
      const own = await second.certificates.getByName('This server');
      expect(await second.certificates.export(own?.id as string, { format: 'pem' })).toHaveProperty('privateKeyPem');
      await second.close();
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

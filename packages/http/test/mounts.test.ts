import { createServer, type Server } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import { getConnInfo } from '@hono/node-server/conninfo';
import express from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { toNodeListener } from '../src/index.ts';
import { type Served, serve } from './support/serve.ts';
import { createTestApi, ORIGIN, PASSWORD, type TestApi } from './support/test-api.ts';

let api: TestApi;
let served: Served | undefined;

beforeAll(async () => {
  api = await createTestApi();
});
afterEach(() => served?.close());

const mounts: Record<string, () => Promise<Server>> = {
  async 'node:http'() {
    return createServer(toNodeListener(api.handlers.router));
  },
  async 'Express 5'() {
    const app = express();
    app.use(toNodeListener(api.handlers.router));
    app.get('/other', (_, response) => void response.send('the application’s own'));
    return createServer(app);
  },
  async Fastify() {
    const listener = toNodeListener(api.handlers.router);
    const app = fastify();
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', (_request, _payload, done) => done(null));
    app.all('/*', (request, reply) => {
      reply.hijack();
      listener(request.raw, reply.raw);
    });
    await app.ready();
    return app.server as Server;
  },
  async Hono() {
    const app = new Hono();
    app.all('*', (c) => {
      const { remote } = getConnInfo(c);
      return api.handlers.router(c.req.raw, { remoteAddress: remote.address, encrypted: false });
    });
    return createAdaptorServer(app) as Server;
  },
  async 'a handler of one’s own on node:http'() {
    return createServer(toNodeListener((request, connection) => api.handlers.router(request, connection)));
  },
};

describe.each(Object.entries(mounts))('mounted on %s', (name, mount) => {
  it('answers, reads bodies, streams, and refuses as everywhere', async () => {
    served = await serve(await mount());
    const { origin } = served;
    const authorization = `Bearer ${api.ann.token}`;
    expect(await (await fetch(`${origin}/healthz`)).json()).toEqual({ status: 'ok' });
    const login = await fetch(`${origin}/sessions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ login: 'ann', password: PASSWORD }),
    });
    expect(login.status).toBe(201);
    const { accessToken, sessionId } = (await login.json()) as { accessToken: string; sessionId: string };
    const me = await fetch(`${origin}/sessions/current`, { headers: { authorization: `Bearer ${accessToken}` } });
    expect(((await me.json()) as { accountId: string }).accountId).toBe(api.ann.account.id);
    const { items } = await api.accounts.sessions(api.ann.account.id);
    expect(items.find((session) => session.sessionId === sessionId)?.ip).toBe('127.0.0.1');
    const body = Buffer.alloc(300_000, 'x');
    const headers = { authorization, 'record-key-mode': 'managed', 'content-type': 'text/plain' };
    const put = await fetch(`${origin}/records/${encodeURIComponent(name)}`, { method: 'PUT', headers, body });
    expect(put.status).toBe(201);
    const read = await fetch(`${origin}/records/${encodeURIComponent(name)}`, { headers: { authorization } });
    expect(Buffer.from(await read.arrayBuffer()).equals(body)).toBe(true);
    const head = await fetch(`${origin}/healthz`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    const wrong = await fetch(`${origin}/healthz`, { method: 'DELETE' });
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS']);
    const patch = await fetch(`${origin}/accounts/me`, { method: 'PATCH', headers: { authorization }, body: '{}' });
    expect(patch.status).toBe(415);
  });

  it('sets each of several cookies', async () => {
    served = await serve(await mount());
    const login = await fetch(`${served.origin}/sessions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: ORIGIN },
      body: JSON.stringify({ login: 'ann', password: PASSWORD, cookie: true }),
    });
    const names = login.headers.getSetCookie().map((cookie) => cookie.split('=')[0]);
    expect(names.sort()).toEqual(['__Host-chancery-binding', '__Secure-chancery-refresh']);
  });

  it('takes a request without the body that it may leave out', async () => {
    served = await serve(await mount());
    const authorization = `Bearer ${api.admin.token}`;
    const id = '01900000-0000-7000-8000-000000000000';
    const renewal = await fetch(`${served.origin}/certificates/${id}/renew`, {
      method: 'POST',
      headers: { authorization },
    });
    expect(renewal.status).toBe(404);
  });
});

describe('mounted on Express', () => {
  it('leaves to the application what is its own, and answers for its prefix', async () => {
    const prefixed = api.another({ basePath: '/api' });
    const app = express();
    app.use('/api', toNodeListener(prefixed.router));
    app.use(toNodeListener(api.handlers.router));
    app.get('/other', (_, response) => void response.send('the application’s own'));
    served = await serve(createServer(app));
    const { origin } = served;
    expect(await (await fetch(`${origin}/other`)).text()).toBe('the application’s own');
    expect((await fetch(`${origin}/api/healthz`)).status).toBe(200);
    expect((await fetch(`${origin}/nothing`)).headers.get('content-type')).toContain('text/html');
    expect((await fetch(`${origin}/api/openapi.json`)).status).toBe(200);
  });

  it('says so where a body parser came first, instead of waiting for a body that is gone', async () => {
    const app = express();
    app.use(express.json());
    app.use(toNodeListener(api.handlers.router));
    served = await serve(createServer(app));
    const answer = await fetch(`${served.origin}/sessions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ login: 'ann', password: PASSWORD }),
    });
    expect(answer.status).toBe(500);
    expect(JSON.stringify(api.log.at(-1), (_, value) => (value instanceof Error ? value.message : value))).toContain(
      'body parser',
    );
  });
});

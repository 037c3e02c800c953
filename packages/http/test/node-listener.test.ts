import { createServer, type Server, type ServerOptions } from 'node:http';
import { connect } from 'node:net';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type HandlersOptions, toNodeListener } from '../src/index.ts';
import { type Served, serve } from './support/serve.ts';
import { createTestApi, type TestApi } from './support/test-api.ts';

let api: TestApi;
let served: Served | undefined;

beforeAll(async () => {
  api = await createTestApi();
});
afterEach(() => served?.close());

async function listen(options: Partial<HandlersOptions> = {}, server: ServerOptions = {}): Promise<Served> {
  served = await serve(createServer(server, toNodeListener(api.another(options).router)) as Server);
  return served;
}

const HOST = 'Host: a\r\n';
const CLOSE = 'Connection: close\r\n';

describe('hostile requests on a socket', () => {
  it.each([
    ['a path out of the root', 'GET /../../etc/passwd', 404],
    ['an encoded path out of the root', 'GET /pki/..%2f..%2f..%2fetc%2fpasswd', 404],
    ['a path that begins twice', 'GET //evil.example/accounts', 404],
    ['an absolute target', 'GET http://evil.example/accounts', 404],
    ['an asterisk', 'OPTIONS *', 404],
    ['a bad escape', 'GET /records/%zz', 401],
    ['an unknown method', 'PROPFIND /accounts', 405],
  ])('%s leads nowhere', async (_, line, status) => {
    const { raw } = await listen();
    expect(await raw(`${line} HTTP/1.1\r\n${HOST}${CLOSE}\r\n`)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  });

  it('cannot write headers of the answer', async () => {
    const { raw } = await listen();
    const answer = await raw(
      `GET /accounts?limit=1&cursor=%0d%0aSet-Cookie:%20a=b HTTP/1.1\r\n${HOST}${CLOSE}Authorization: Bearer ${api.admin.token}\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1.1 400/);
    expect(answer.split('\r\n\r\n')[0]).not.toMatch(/set-cookie/i);
    const page = await raw(
      `GET /accounts?limit=1 HTTP/1.1\r\n${HOST}${CLOSE}X-Request-Id: evil\r\nAuthorization: Bearer ${api.admin.token}\r\n\r\n`,
    );
    expect(page).toMatch(/^HTTP\/1.1 200/);
    expect(page).not.toContain('evil');
  });

  it('with two Authorization headers are nobody’s', async () => {
    const { raw } = await listen();
    const two = `Authorization: Bearer ${api.ann.token}\r\nAuthorization: Bearer ${api.admin.token}\r\n`;
    expect(await raw(`GET /accounts/me HTTP/1.1\r\n${HOST}${CLOSE}${two}\r\n`)).toMatch(/^HTTP\/1.1 401/);
  });

  it.each([
    ['two lengths', 'Content-Length: 5\r\nContent-Length: 6\r\n'],
    ['a length and chunks', 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n'],
    ['a length that is none', 'Content-Length: -1\r\n'],
    ['a folded header', 'X-A: 1\r\n b\r\n'],
  ])('with %s are refused before the routes see them', async (_, headers) => {
    const { raw } = await listen();
    expect(await raw(`POST /sessions HTTP/1.1\r\n${HOST}${CLOSE}${headers}\r\n0\r\n\r\n`)).toMatch(/^HTTP\/1.1 400/);
  });

  it('with bodies longer than was allowed are cut off, whatever they say of their length', async () => {
    const { raw } = await listen({ bodyLimit: 2_048 });
    const type = 'Content-Type: application/json\r\n';
    const told = await raw(`POST /sessions HTTP/1.1\r\n${HOST}${type}Content-Length: 99999999\r\n\r\n{`);
    expect(told).toMatch(/^HTTP\/1.1 413/);
    const chunk = `800\r\n${'x'.repeat(2_048)}\r\n`;
    const untold = await raw(
      `POST /sessions HTTP/1.1\r\n${HOST}${type}Transfer-Encoding: chunked\r\n\r\n${chunk}${chunk}`,
    );
    expect(untold).toMatch(/^HTTP\/1.1 413/);
    expect(untold.toLowerCase()).toContain('connection: close');
  });

  it('whose body does not come end in time, and so do those that send it drop by drop', async () => {
    const { raw } = await listen({ bodyTimeoutMs: 100 });
    const head = `POST /sessions HTTP/1.1\r\n${HOST}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{`;
    expect(await raw(head)).toMatch(/^HTTP\/1.1 408/);
    const port = Number(new URL((served as Served).origin).port);
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(head);
    const drops = setInterval(() => socket.write(' '), 20);
    const answer = await new Promise<string>((resolve) => socket.once('data', (data) => resolve(String(data))));
    clearInterval(drops);
    socket.destroy();
    expect(answer).toMatch(/^HTTP\/1.1 408/);
  });

  it('whose headers do not come are ended by the server', async () => {
    const { raw } = await listen({}, { headersTimeout: 200, requestTimeout: 200, connectionsCheckingInterval: 50 });
    expect(await raw(`GET /healthz HTTP/1.1\r\n${HOST}X-Slow: `)).toMatch(/^HTTP\/1.1 408/);
  });

  it('that go away while they are answered leave nothing behind', async () => {
    const { raw, origin } = await listen();
    await raw(`GET /events/stream HTTP/1.1\r\n${HOST}Authorization: Bearer ${api.admin.token}\r\n\r\n`, {
      until: /retry: 2000/,
    });
    const body = Buffer.alloc(4_000_000, 'x');
    const headers = { authorization: `Bearer ${api.ann.token}`, 'record-key-mode': 'managed' };
    expect((await fetch(`${origin}/records/large`, { method: 'PUT', headers, body })).status).toBe(201);
    await raw(`GET /records/large HTTP/1.1\r\n${HOST}Authorization: Bearer ${api.ann.token}\r\n\r\n`, {
      until: /xxxx/,
    });
    expect((await fetch(`${origin}/healthz`)).status).toBe(200);
    expect(api.log.filter(({ level }) => level === 'error')).toEqual([]);
  });
});

describe('every answer', () => {
  it('forbids what browsers might make of it, and names its request', async () => {
    const { origin } = await listen();
    const seen = new Set<string>();
    for (const path of ['/healthz', '/nothing', '/accounts', '/openapi.json']) {
      const { headers } = await fetch(origin + path);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('strict-transport-security')).toContain('max-age=31536000');
      expect(headers.get('access-control-allow-origin')).toBeNull();
      seen.add(headers.get('x-request-id') ?? '');
    }
    expect(seen.size).toBe(4);
  });

  it('keeps the connection for the next request', async () => {
    const { raw } = await listen();
    const one = `GET /healthz HTTP/1.1\r\n${HOST}\r\n`;
    const answer = await raw(`${one}${one}GET /healthz HTTP/1.1\r\n${HOST}${CLOSE}\r\n`);
    expect(answer.match(/HTTP\/1.1 200/g)).toHaveLength(3);
  });
});

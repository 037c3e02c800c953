import { createServer } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toNodeListener } from '../src/index.ts';
import { type Served, serve } from './support/serve.ts';
import { callApi, createTestApi, ORIGIN, type TestApi } from './support/test-api.ts';

let api: TestApi;
let served: Served | undefined;

beforeEach(async () => {
  api = await createTestApi();
});
afterEach(async () => {
  await served?.close();
  served = undefined;
});

describe('a target that is no path', () => {
  it.each(['*healthz', 'xhealthz', '*', 'http://app.example/healthz', '//healthz', '/./healthz', '/healthz/'])(
    'leads nowhere: %s',
    async (target) => {
      served = await serve(createServer(toNodeListener(api.handlers.router)));
      const answer = await served.raw(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
      expect(answer).toMatch(/^HTTP\/1.1 40[04] /);
      expect(answer).not.toContain('"ok"');
    },
  );

  it('is not the host of what a handler of one’s own sees', async () => {
    const seen: string[] = [];
    const listener = toNodeListener(async (request) => {
      seen.push(request.url);
      return new Response('fine');
    });
    served = await serve(createServer(listener));
    await served.raw('GET //evil.example/x?a=1 HTTP/1.1\r\nHost: app.example\r\nConnection: close\r\n\r\n');
    expect(seen).toEqual(['http://app.example//evil.example/x?a=1']);
  });
});

describe('an observer that throws', () => {
  it('changes nothing of the answer, and is told of in the log', async () => {
    const observe = () => {
      throw new Error('the metrics are full');
    };
    const handlers = api.another({ observe });
    const { status } = await callApi(handlers, 'GET', '/accounts/me', { token: api.ann.token });
    expect(status).toBe(200);
    expect(api.log).toMatchObject([{ level: 'error', fields: { error: new Error('the metrics are full') } }]);
  });
});

describe('a condition that nobody judges', () => {
  it.each([
    ['If-None-Match on a change', 'PATCH', '/accounts/me', { 'if-none-match': '*' }],
    ['If-None-Match on a deletion', 'DELETE', '/records/diary', { 'if-none-match': '*' }],
    ['If-Match on what does not judge it', 'POST', '/records/diary/undelete', { 'if-match': '"1"' }],
    ['If-None-Match by a tag', 'PUT', '/records/diary', { 'if-none-match': '"1"' }],
    ['If-Match by any version', 'PUT', '/records/diary', { 'if-match': '*' }],
    ['both at once', 'PUT', '/records/diary', { 'if-match': '"1"', 'if-none-match': '*' }],
  ] as [string, string, string, Record<string, string>][])('is refused: %s', async (_, method, path, headers) => {
    const body = method === 'PATCH' ? { json: {} } : method === 'PUT' ? { body: 'x' } : {};
    const answer = await api.call(method, path, { token: api.ann.token, headers, ...body });
    expect([answer.status, answer.body.code]).toEqual([400, 'HEADER_INVALID']);
    expect((await api.vault.list({ ownerId: api.ann.account.id, limit: 10 })).items).toEqual([]);
  });

  it('makes a range the whole: which version it would be of is not looked at', async () => {
    const { token } = api.ann;
    const managed = { 'record-key-mode': 'managed' };
    await api.call('PUT', '/records/diary', { token, body: 'first version', headers: managed });
    await api.call('PUT', '/records/diary', { token, body: 'second version', headers: managed });
    const headers = { range: 'bytes=7-', 'if-range': '"1"' };
    const { status, text } = await api.call('GET', '/records/diary', { token, headers });
    expect([status, text]).toEqual([200, 'second version']);
  });
});

describe('a range in which nothing lies', () => {
  it('takes none of the reads that a record allows', async () => {
    const { token } = api.ann;
    const headers = { 'record-key-mode': 'managed', 'record-max-reads': '1' };
    await api.call('PUT', '/records/diary', { token, body: 'once', headers });
    for (const range of ['bytes=4-', 'bytes=5-9', 'bytes=999-']) {
      expect((await api.call('GET', '/records/diary', { token, headers: { range } })).status).toBe(416);
    }
    expect((await api.call('GET', '/records/diary', { token })).text).toBe('once');
  });
});

describe('forwarded addresses', () => {
  it('are addresses, whatever a client has written before them', async () => {
    api = await createTestApi({ trustedProxies: ['10.0.0.0/8', 'fe80::/10'] });
    for (const hop of [
      'fe80::1%eth0',
      '::ffff:10.0.0.1%x',
      '1.2.3.4:80',
      '[::1]',
      '256.1.1.1',
      '',
      'a'.repeat(5_000),
    ]) {
      for (const remoteAddress of ['10.0.0.1', 'fe80::2%eth0', undefined]) {
        const headers = { 'x-forwarded-for': hop, 'x-forwarded-proto': 'https' };
        const { status } = await api.call('GET', '/accounts/me', {
          token: api.ann.token,
          headers,
          connection: { remoteAddress },
        });
        expect([hop, remoteAddress, status]).toEqual([hop, remoteAddress, 200]);
      }
    }
  });

  it('are not told of by two certificates', async () => {
    const clientCertificateHeader = { name: 'Client-Cert', format: 'rfc9440' } as const;
    api = await createTestApi({ trustedProxies: ['10.0.0.1'], clientCertificateHeader });
    const connection = { remoteAddress: '10.0.0.1' };
    const headers = { 'client-cert': ':AAAA:, :BBBB:' };
    const { status } = await api.call('GET', '/accounts/me', { token: api.ann.token, headers, connection });
    expect(status).toBe(401);
  });
});

describe('HSTS', () => {
  it('is for hosts that are not shared, and a name that begins like localhost is none of those', async () => {
    const told = async (publicOrigin: string) => {
      const { headers } = await callApi(api.another({ publicOrigin }), 'GET', '/healthz');
      return headers.has('strict-transport-security');
    };
    expect(await Promise.all([ORIGIN, 'https://localhost.app.example', 'https://127.example'].map(told))).toEqual([
      true,
      true,
      true,
    ]);
    expect(
      await Promise.all(
        ['https://localhost', 'https://localhost:8443', 'https://127.0.0.1:1', 'https://[::1]'].map(told),
      ),
    ).toEqual([false, false, false, false]);
  });
});

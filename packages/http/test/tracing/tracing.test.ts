import { createServer } from 'node:http';
import { AccountManager, InvalidInputError, LocalKeyring, StorageError } from '@chancery/core';
import { MemoryStorage } from '@chancery/storage-memory';
import { context, propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { overriding } from '../../../core/test/support/test-storage.ts';
import { createHandlers, createTracing, type TracingOptions, toNodeListener } from '../../src/index.ts';
import { serve } from '../support/serve.ts';
import { ORIGIN, PASSWORD } from '../support/test-api.ts';

const CHEAP_HASHING = { algorithm: 'scrypt', scrypt: { cost: 16, blockSize: 1, parallelization: 1 } } as const;
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const TRACE_PARENT = `00-${TRACE_ID}-b7ad6b7169203331-01`;

const exporter = new InMemorySpanExporter();
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator({
    fields: () => ['traceparent'],
    inject: () => undefined,
    extract(parent, carrier, getter) {
      const header = getter.get(carrier, 'traceparent');
      const [, traceId, spanId] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-01$/.exec(String(header)) ?? [];
      if (traceId === undefined || spanId === undefined) return parent;
      return trace.setSpanContext(parent, { traceId, spanId, traceFlags: 1, isRemote: true });
    },
  });
});
afterEach(() => exporter.reset());
afterAll(() => {
  context.disable();
  propagation.disable();
});

const parentOf = (span: ReadableSpan) => span.parentSpanContext?.spanId;
const named = (name: string) => exporter.getFinishedSpans().find((span) => span.name === name) as ReadableSpan;

async function createTracedApi(options: TracingOptions = {}) {
  let isDown = false;
  const tracing = await createTracing({ tracerProvider: provider, ...options });
  const memory = new MemoryStorage();
  const storage = tracing.tracedStorage(
    overriding(memory, {
      get: async (refs, settings) => {
        if (isDown) throw new StorageError('STORAGE_UNAVAILABLE', 'postgres://user:password@db.example refused');
        return memory.get(refs, settings);
      },
    }),
  );
  const keyring = LocalKeyring.generate();
  const accounts = new AccountManager({ storage, keyring, issuer: ORIGIN, passwordHashing: CHEAP_HASHING });
  const { router } = createHandlers({ storage, keyring, accounts, publicOrigin: ORIGIN });
  const handler = tracing.tracedHandler(router);
  const ask = (path: string, init: RequestInit = {}) =>
    handler(new Request(ORIGIN + path, init), { remoteAddress: '192.0.2.7', encrypted: true });
  return {
    tracing,
    accounts,
    handler,
    storage,
    ask,
    breakDown() {
      isDown = true;
    },
  };
}

describe('spans of requests (S1-26)', () => {
  it('are named by method and template, and are the parents of what the storage is asked', async () => {
    const { ask, accounts } = await createTracedApi();
    const { id } = await accounts.create({ login: 'ann', password: PASSWORD });
    const { accessToken } = await accounts.login({ login: 'ann', password: PASSWORD });
    exporter.reset();
    const answer = await ask(`/accounts/${id}?x`, { headers: { authorization: `Bearer ${accessToken}` } });
    expect(answer.status).toBe(400);
    const { status, headers } = await ask(`/accounts/${id}`, { headers: { authorization: `Bearer ${accessToken}` } });
    expect(status).toBe(200);
    const servers = exporter.getFinishedSpans().filter(({ kind }) => kind === SpanKind.SERVER);
    const [refused, served] = servers as [ReadableSpan, ReadableSpan];
    expect(served.name).toBe('GET /accounts/{accountId}');
    expect(served.attributes).toEqual({
      'http.request.method': 'GET',
      'http.route': '/accounts/{accountId}',
      'http.response.status_code': 200,
      'url.scheme': 'https',
      'chancery.request_id': headers.get('x-request-id'),
    });
    // A client's mistake is no error of the server's.
    expect(refused.attributes).toMatchObject({ 'http.response.status_code': 400, 'error.type': 'REQUEST_INVALID' });
    expect(refused.status.code).toBe(SpanStatusCode.UNSET);
    const below = exporter.getFinishedSpans().filter((span) => parentOf(span) === served.spanContext().spanId);
    expect(below.map(({ name }) => name)).toContain('get accounts');
    expect(below.every((span) => span.spanContext().traceId === served.spanContext().traceId)).toBe(true);
    expect(below.find(({ name }) => name === 'get accounts')).toMatchObject({
      kind: SpanKind.INTERNAL,
      attributes: {
        'db.system.name': 'chancery',
        'db.namespace': 'chancery',
        'db.operation.name': 'get',
        'db.collection.name': 'accounts',
      },
    });
  });

  it('go on with the trace of the request, unless that is a stranger’s', async () => {
    const headers = { traceparent: TRACE_PARENT };
    const { ask } = await createTracedApi();
    await ask('/healthz', { headers });
    expect(named('GET /healthz').spanContext().traceId).toBe(TRACE_ID);
    expect(parentOf(named('GET /healthz'))).toBe('b7ad6b7169203331');
    exporter.reset();
    const apart = await createTracedApi({ continueTraces: false });
    await apart.ask('/healthz', { headers });
    expect(named('GET /healthz').spanContext().traceId).not.toBe(TRACE_ID);
  });

  it('say what failed by code and status, and nothing of what it said', async () => {
    const { ask, accounts, breakDown } = await createTracedApi();
    await accounts.create({ login: 'ann', password: PASSWORD });
    const { accessToken } = await accounts.login({ login: 'ann', password: PASSWORD });
    exporter.reset();
    breakDown();
    const { status } = await ask('/accounts/me', { headers: { authorization: `Bearer ${accessToken}` } });
    expect(status).toBe(503);
    const server = named('GET /accounts/{accountId}');
    expect(server.status).toEqual({ code: SpanStatusCode.ERROR });
    expect(server.attributes['error.type']).toBe('STORAGE_UNAVAILABLE');
    const failed = exporter
      .getFinishedSpans()
      .find(({ kind, status }) => kind === SpanKind.INTERNAL && status.code === 2);
    expect(failed?.attributes['error.type']).toBe('STORAGE_UNAVAILABLE');
    expect(exporter.getFinishedSpans().flatMap(({ events }) => events)).toEqual([]);
  });

  it('hold no secret, name, id or address, whatever a client sends', async () => {
    const { ask, accounts } = await createTracedApi();
    const { id } = await accounts.create({ login: 'marked-login', password: PASSWORD, displayName: 'marked name' });
    const login = { login: 'marked-login', password: PASSWORD };
    const post = { method: 'POST', headers: { 'content-type': 'application/json' } };
    const { accessToken } = (await (await ask('/sessions', { ...post, body: JSON.stringify(login) })).json()) as {
      accessToken: string;
    };
    await ask('/sessions', { ...post, body: JSON.stringify({ ...login, password: 'marked-wrong' }) });
    await ask(`/accounts/${id}?marked=query`, { headers: { authorization: `Bearer ${accessToken}` } });
    await ask('/marked/path', {
      method: 'MARKED',
      headers: { 'user-agent': 'marked agent', 'x-request-id': 'marked' },
    });
    const told = JSON.stringify(
      exporter.getFinishedSpans().map(({ name, attributes, status, events }) => ({ name, attributes, status, events })),
    );
    for (const secret of ['marked', PASSWORD, id, accessToken, '192.0.2.7']) expect(told).not.toContain(secret);
    expect(named('HTTP').attributes).toMatchObject({
      'http.request.method': '_OTHER',
      'http.response.status_code': 404,
    });
  });

  it('go through node:http as the handler itself does', async () => {
    const { handler } = await createTracedApi();
    const served = await serve(createServer(toNodeListener(handler)));
    try {
      const answer = await fetch(`${served.origin}/healthz`, { headers: { traceparent: TRACE_PARENT } });
      expect([answer.status, await answer.json()]).toEqual([200, { status: 'ok' }]);
    } finally {
      await served.close();
    }
    expect(named('GET /healthz').spanContext().traceId).toBe(TRACE_ID);
    expect(named('GET /healthz').attributes['url.scheme']).toBe('http');
  });
});

describe('spans of storages and issuers', () => {
  it('tell of a commit how many documents, and of what conflict', async () => {
    const { storage, accounts } = await createTracedApi();
    await accounts.create({ login: 'ann', password: PASSWORD });
    exporter.reset();
    const put = { kind: 'put', collection: 'accounts', id: 'x', version: 'v', data: {} } as const;
    await storage.commit([put, { ...put, id: 'y', ifVersion: 'none' }]);
    expect(named('commit accounts').attributes).toMatchObject({
      'db.operation.batch.size': 2,
      'chancery.conflict': 'version',
    });
  });

  it('tell of an issuer its name and whether it is still at work', async () => {
    const { tracing } = await createTracedApi();
    const issuer = tracing.tracedIssuer('acme', {
      requestCertificate: async () => ({ pending: true, retryAt: new Date(0) }),
      revokeCertificate: async () => Promise.reject(new Error('marked')),
    });
    const request = { requestId: 'marked', csrDer: new Uint8Array(), subjectAltNames: ['marked.example'] };
    await issuer.requestCertificate(request);
    await expect(issuer.revokeCertificate?.({ certificateDer: new Uint8Array() })).rejects.toThrow('marked');
    expect(issuer.renewalInfo).toBeUndefined();
    expect(named('requestCertificate acme').attributes).toEqual({
      'chancery.issuer': 'acme',
      'chancery.pending': true,
    });
    expect(named('revokeCertificate acme')).toMatchObject({
      status: { code: SpanStatusCode.ERROR },
      attributes: { 'chancery.issuer': 'acme', 'error.type': 'other' },
    });
    expect(JSON.stringify(exporter.getFinishedSpans().map(({ attributes }) => attributes))).not.toContain('marked');
  });
});

describe('createTracing()', () => {
  it('does nothing until the host has set tracing up, and then follows', async () => {
    const tracing = await createTracing();
    const storage = tracing.tracedStorage(new MemoryStorage());
    await storage.health();
    expect(exporter.getFinishedSpans()).toEqual([]);
    trace.setGlobalTracerProvider(provider);
    try {
      await context.with(ROOT_CONTEXT, () => storage.health());
    } finally {
      trace.disable();
    }
    expect(exporter.getFinishedSpans().map(({ name }) => name)).toEqual(['health']);
  });

  it('refuses what it cannot trace, and what is malformed', async () => {
    const { tracedHandler } = await createTracing();
    expect(() => tracedHandler(async () => new Response())).toThrow(InvalidInputError);
    for (const options of [null, { tracerProvider: {} }, { continueTraces: 'no' }]) {
      await expect(createTracing(options as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    }
  });
});

import type { LogEntry } from '@chancery/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { EventTail } from '../src/event-stream/event-tail.ts';
import { serverSentEvents } from '../src/event-stream/server-sent-events.ts';
import { createTestApi, ORIGIN, type TestApi } from './support/test-api.ts';

let api: TestApi;

beforeEach(async () => {
  api = await createTestApi();
  await api.sequence();
});

/** Opens the stream, and reads it one message at a time. */
async function follow(path = '/events/stream', headers: Record<string, string> = {}) {
  const gone = new AbortController();
  const request = new Request(`${ORIGIN}${path}`, {
    headers: { authorization: `Bearer ${api.admin.token}`, ...headers },
    signal: gone.signal,
  });
  const response = await api.handlers.router(request, { encrypted: true });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let pending = '';
  const next = async (): Promise<string | undefined> => {
    while (!pending.includes('\n\n')) {
      const { done, value } = (await reader?.read()) ?? { done: true, value: '' };
      if (done) return undefined;
      pending += value;
    }
    const at = pending.indexOf('\n\n');
    const message = pending.slice(0, at);
    pending = pending.slice(at + 2);
    return message;
  };
  return { response, next, end: () => reader?.cancel() };
}

describe('the audit log over HTTP', () => {
  it('is listed and verified by whoever has the permission', async () => {
    const { token } = api.admin;
    const all = await api.call('GET', '/events?limit=2', { token });
    expect(all.body.items.map(({ sequence }: { sequence: number }) => sequence)).toEqual([0, 1]);
    expect(all.headers.get('link')).toContain('rel="next"');
    const subject = api.ann.account.id;
    const about = await api.call('GET', `/events?subject=${subject}&type=account.created`, { token });
    expect(about.body.items).toHaveLength(1);
    expect(about.body.items[0].event).toMatchObject({ specversion: '1.0', type: 'account.created', subject });
    const verified = await api.call('GET', '/events/verification', { token });
    expect(verified.body).toMatchObject({ valid: true, problems: [], size: expect.any(Number) });
    expect((await api.call('GET', '/events/checkpoint', { token })).text).toContain('chancery/');
    for (const path of ['/events', '/events/stream', '/events/verification', '/events/checkpoint']) {
      expect((await api.call('GET', path, { token: api.ann.token })).status).toBe(403);
    }
  });

  it('tells of events as they are logged, with their number, type and CloudEvents JSON', async () => {
    const stream = await follow();
    expect(stream.response.headers.get('content-type')).toBe('text/event-stream');
    expect(await stream.next()).toBe('retry: 2000');
    await api.accounts.create({ login: 'carl' });
    await api.sequence();
    const [id, type, data] = (await stream.next())?.split('\n') ?? [];
    expect(type).toBe('event: account.created');
    const entry = JSON.parse(data?.slice('data: '.length) ?? '');
    expect(id).toBe(`id: ${entry.sequence}`);
    expect(entry.event).toMatchObject({ type: 'account.created', specversion: '1.0' });
    await stream.end();
  });

  it('goes on where a client left off, by Last-Event-ID, in order and each once', async () => {
    const { items } = await api.events.list({ limit: 1_000 });
    const stream = await follow('/events/stream', { 'last-event-id': '1' });
    await stream.next();
    for (let sequence = 2; sequence < items.length; sequence++) {
      expect((await stream.next())?.split('\n')[0]).toBe(`id: ${sequence}`);
    }
    await api.accounts.create({ login: 'carl' });
    await api.sequence();
    expect((await stream.next())?.split('\n')[0]).toBe(`id: ${items.length}`);
    await stream.end();
    // Which event is the first of all is left to chance: the last of its type is not.
    const subject = items.findLast(({ event }) => event.type === 'account.created')?.event.subject;
    const filtered = await follow(`/events/stream?after=0&type=account.created&subject=${subject}`);
    await filtered.next();
    expect(await filtered.next()).toContain(subject);
    await filtered.end();
    const bad = await api.call('GET', '/events/stream', { token: api.admin.token, headers: { 'last-event-id': 'x' } });
    expect(bad.body.code).toBe('HEADER_INVALID');
  });

  it('tells 500 at once, and lets go of all of them', async () => {
    api = await createTestApi({ rateLimits: false });
    await api.sequence();
    const streams = await Promise.all(Array.from({ length: 500 }, () => follow()));
    for (const stream of streams) await stream.next();
    await api.accounts.create({ login: 'carl' });
    await api.sequence();
    const told = await Promise.all(streams.map((stream) => stream.next()));
    expect(new Set(told).size).toBe(1);
    await Promise.all(streams.map((stream) => stream.end()));
    const after = await follow();
    await after.next();
    await after.end();
  });

  it('begins at the end of a log whose beginning retention has removed', async () => {
    const { items } = await api.events.list({ limit: 100 });
    const [{ event }] = items as [LogEntry];
    await api.storage.commit([{ kind: 'delete', collection: 'events', id: event.id }]);
    expect((await api.events.list({ limit: 1 })).items[0]?.sequence).toBe(1);
    const stream = await follow();
    await stream.next();
    await api.accounts.create({ login: 'carl' });
    await api.sequence();
    expect((await stream.next())?.split('\n')[0]).toBe(`id: ${items.length}`);
    await stream.end();
  });

  it.each<[string, () => Promise<unknown>]>([
    ['the session has ended', () => api.call('DELETE', '/sessions/current', { token: api.admin.token })],
    ['every session has ended', () => api.accounts.logoutEverywhere(api.admin.account.id)],
    ['the account is disabled', () => api.accounts.disable(api.admin.account.id)],
    ['the account is gone', () => api.accounts.delete(api.admin.account.id)],
    ['the role is taken away', () => api.accounts.update(api.admin.account.id, { roles: ['clerk'] })],
  ])('ends within seconds once %s, before anything more is told', async (_, act) => {
    const stream = await follow();
    await stream.next();
    await api.accounts.create({ login: 'carl' });
    await api.sequence();
    expect(await stream.next()).toContain('account.created');
    api.clock.advance(5_000);
    await api.accounts.create({ login: 'dora' });
    await api.sequence();
    expect(await stream.next()).toContain('account.created');
    await act();
    api.clock.advance(5_000);
    await api.sequence();
    expect(await stream.next()).toBe('event: end\ndata: {"reason":"access-ended"}');
    expect(await stream.next()).toBeUndefined();
  });

  it('ends when the access token runs out, though nobody reads it', async () => {
    const ends: (() => void)[] = [];
    const tail = new EventTail({ events: api.events, timer: () => () => undefined, pollMs: 1_000, logger: undefined });
    const stream = await serverSentEvents({
      tail,
      clock: api.clock,
      timer: (_, callback) => {
        ends.push(callback);
        return () => undefined;
      },
      after: undefined,
      wanted: () => true,
      until: new Date(api.clock.now() + 300_000),
      mayStill: async () => true,
    });
    expect(tail.followers).toBe(1);
    ends[0]?.();
    expect(tail.followers).toBe(0);
    expect(await new Response(stream).text()).toBe('event: end\ndata: {"reason":"token-expired"}\n\n');
  });

  it('misses nothing that comes between a reading and the wait for more', async () => {
    const timer = () => () => undefined;
    const tail = new EventTail({ events: api.events, timer, pollMs: 1_000, logger: undefined });
    const { next, leave } = await tail.follow();
    expect(await tail.read(next)).toEqual([]);
    await api.accounts.create({ login: 'carl' });
    await api.sequence();
    while ((await tail.read(next)).length === 0) await new Promise(setImmediate);
    // Nobody wakes it any more: it sees for itself that there is something.
    await tail.wait(next, 15_000, new AbortController().signal);
    leave();
  });

  it('ends when the access token runs out, and says so', async () => {
    api = await createTestApi({
      timer: (ms, callback) => {
        const handle = setTimeout(callback, ms > 60_000 ? 30 : ms);
        return () => clearTimeout(handle);
      },
    });
    const stream = await follow();
    await stream.next();
    expect(await stream.next()).toBe('event: end\ndata: {"reason":"token-expired"}');
    expect(await stream.next()).toBeUndefined();
  });
});

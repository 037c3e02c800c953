import type { DeliveryOutcome } from '@chancery/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { createTestApi, type TestApi } from './support/test-api.ts';

let api: TestApi;
let outcome: DeliveryOutcome;
let got: string[];

beforeEach(async () => {
  outcome = { outcome: 'rejected', reason: 'answered 400', status: 400 };
  got = [];
  const deliver = async ({ type }: { readonly type: string }) => {
    if (outcome.outcome === 'delivered') got.push(type);
    return outcome;
  };
  api = await createTestApi({}, { sinks: [{ name: 'hook', types: ['account.updated'], deliver }] });
  await deliverAll();
});

/** Chains and delivers what waits. */
async function deliverAll(): Promise<void> {
  for (const { name, run } of api.events.maintenance()) {
    if (!/sequence|deliver:/.test(name)) continue;
    for (let more = true; more; ) ({ more } = await run({ limit: 1_000 }));
  }
}

/** Makes dead letters. */
async function bury(count: number): Promise<void> {
  for (let at = 0; at < count; at++) await api.accounts.update(api.ann.account.id, { displayName: `Ann ${at}` });
  await deliverAll();
}

const send = (method: string, path: string, json?: object, token = api.admin.token) =>
  api.call(method, path, { token, ...(json && { json }) });

describe('dead letters over HTTP', () => {
  it('are listed in pages, delivered after all, and forgotten', async () => {
    await bury(3);
    const first = await send('GET', '/events/dead-letters?limit=2&sink=hook');
    expect(first.headers.get('link')).toContain('sink=hook');
    const next = /^<([^>]+)>/.exec(first.headers.get('link') ?? '')?.[1] ?? '';
    const second = await send('GET', next);
    const letters = [...first.body.items, ...second.body.items];
    expect(letters).toHaveLength(3);
    expect(letters[0]).toMatchObject({
      sink: 'hook',
      type: 'account.updated',
      subject: api.ann.account.id,
      reason: 'answered 400',
      status: 400,
      attempts: 1,
    });
    expect((await send('GET', '/events/dead-letters?sink=other')).body.items).toEqual([]);
    outcome = { outcome: 'delivered' };
    const [{ sequence }] = letters;
    expect((await send('POST', '/events/dead-letters/replay', { sink: 'hook', sequence })).body).toEqual({ count: 1 });
    await deliverAll();
    expect(got).toEqual(['account.updated']);
    expect((await send('POST', '/events/dead-letters/discard', { sink: 'hook', sequence })).body.code).toBe(
      'DEAD_LETTER_NOT_FOUND',
    );
    const last = letters[2].sequence;
    expect((await send('POST', '/events/dead-letters/discard', { sink: 'hook', sequence: last })).body.count).toBe(1);
    expect((await send('POST', '/events/dead-letters/replay', { sink: 'hook' })).body.count).toBe(1);
    await deliverAll();
    expect(got).toHaveLength(2);
    expect((await send('POST', '/events/dead-letters/discard', { sink: 'hook' })).body.count).toBe(0);
    expect((await send('GET', '/events/dead-letters')).body.items).toEqual([]);
  });

  it('take the permission events.manage, and no less', async () => {
    await bury(1);
    const readers = api.another({ permissions: { reader: ['events.read'], keeper: ['events.manage'] } });
    const operations = [
      ['GET', '/events/sinks'],
      ['POST', '/events/sinks/enable', { sink: 'hook' }],
      ['GET', '/events/dead-letters'],
      ['POST', '/events/dead-letters/replay', { sink: 'hook' }],
      ['POST', '/events/dead-letters/discard', { sink: 'hook' }],
      ['GET', '/events/set-aside'],
      ['DELETE', '/events/set-aside/01900000-0000-7000-8000-000000000000'],
    ] as const;
    for (const role of ['reader', 'keeper']) {
      await api.accounts.update(api.bob.account.id, { roles: [role] });
      for (const [method, path, json] of operations) {
        expect((await api.call(method, path)).status).toBe(401);
        expect((await send(method, path, json, api.ann.token)).status).toBe(403);
        const headers = { authorization: `Bearer ${api.bob.token}`, 'content-type': 'application/json' };
        const request = new Request(`https://app.example${path}`, {
          method,
          headers,
          ...(json && { body: JSON.stringify(json) }),
        });
        const { status } = await readers.router(request, { remoteAddress: '192.0.2.7', encrypted: true });
        if (role === 'reader') expect([path, status]).toEqual([path, 403]);
        else expect([path, status]).not.toEqual([path, 403]);
      }
    }
  });

  it('are asked for in no malformed way', async () => {
    for (const json of [
      {},
      { sink: '' },
      { sink: 'a b' },
      { sink: 'ä'.repeat(255) },
      { sink: 'hook', sequence: -1 },
      { sink: 7 },
    ]) {
      expect((await send('POST', '/events/dead-letters/discard', json)).body.code).toBe('REQUEST_INVALID');
    }
    expect((await send('GET', '/events/dead-letters?cursor=bm90aGluZw')).body.code).toBe('CURSOR_INVALID');
    expect((await send('POST', '/events/sinks/enable', { sink: 'nobody' })).body.code).toBe('SINK_NOT_FOUND');
  });
});

describe('sinks over HTTP', () => {
  it('tell how they are doing, and go on once they are enabled', async () => {
    outcome = { outcome: 'gone', reason: 'answered 410', status: 410 };
    await bury(1);
    const { body } = await send('GET', '/events/sinks');
    expect(body.items).toMatchObject([{ sink: 'hook', state: 'disabled', reason: 'answered 410', status: 410 }]);
    expect((await send('POST', '/events/sinks/enable', { sink: 'hook' })).status).toBe(204);
    outcome = { outcome: 'delivered' };
    await deliverAll();
    expect(got).toEqual(['account.updated']);
    expect((await send('GET', '/events/sinks')).body.items).toMatchObject([{ state: 'active', behind: 0 }]);
  });
});

describe('what was set aside', () => {
  it('is listed without what it holds, and discarded', async () => {
    const { storage, clock, events } = api;
    const data = { v: 1, pendingSince: clock.now(), note: 'secret words' };
    await storage.commit([{ kind: 'put', collection: 'events', id: 'stray', version: 'x', ifVersion: null, data }]);
    await api.sequence();
    const listed = await send('GET', '/events/set-aside');
    expect(listed.body.items).toMatchObject([{ eventId: 'stray', setAsideAt: expect.any(String) }]);
    expect(listed.text).not.toContain('secret words');
    expect((await send('GET', '/events/verification')).body).toMatchObject({ valid: true, setAside: 1 });
    const [{ setAsideId }] = listed.body.items;
    expect((await send('DELETE', `/events/set-aside/${setAsideId}`)).status).toBe(204);
    expect((await send('DELETE', `/events/set-aside/${setAsideId}`)).body.code).toBe('SET_ASIDE_NOT_FOUND');
    expect((await send('DELETE', '/events/set-aside/%00')).status).toBeLessThan(500);
    await api.sequence();
    const { items } = await events.list({ subject: setAsideId, limit: 9 });
    expect(items.map(({ event }) => event.type)).toEqual(['event.set_aside', 'event.discarded']);
  });
});

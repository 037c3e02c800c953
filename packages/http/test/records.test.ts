import { openRecord, parseKey, webCryptoPrimitives } from '@chancery/core/vault';
import { beforeEach, describe, expect, it } from 'vitest';
import { createTestApi, type TestApi } from './support/test-api.ts';

let api: TestApi;

beforeEach(async () => {
  api = await createTestApi();
});

const TEXT = 'Dear diary: nobody reads this.';
const store = (headers: Record<string, string> = {}, body: BodyInit = TEXT, path = '/records/diary') =>
  api.call('PUT', path, { token: api.ann.token, body, headers: { 'content-type': 'text/plain', ...headers } });

/** S3-9: the record store over HTTP. */
describe('records over HTTP', () => {
  it('open with the key that storing gave, and with no other', async () => {
    const stored = await store();
    expect(stored.status).toBe(201);
    const { key } = stored.body;
    const { token } = api.ann;
    const read = await api.call('GET', '/records/diary', { token, headers: { 'record-key': key } });
    expect([read.status, read.text]).toEqual([200, TEXT]);
    expect(read.headers.get('content-type')).toBe('text/plain');
    expect(read.headers.get('content-disposition')).toBe('attachment');
    expect(read.headers.get('content-security-policy')).toContain('sandbox');
    const other = (await store({}, TEXT, '/records/other')).body.key;
    const wrong = await api.call('GET', '/records/diary', { token, headers: { 'record-key': other } });
    expect([wrong.status, wrong.body.code]).toEqual([403, 'RECORD_KEY_REFUSED']);
    const none = await api.call('GET', '/records/diary', { token });
    expect(none.status).toBe(400);
    const typo = await api.call('GET', '/records/diary', {
      token,
      headers: { 'record-key': `${key.slice(0, -1)}${key.endsWith('x') ? 'y' : 'x'}` },
    });
    expect(typo.body.code).toBe('VAULT_KEY_INVALID');
    for (const { text } of [wrong, none, typo]) expect(text).not.toContain(key.slice(8, 24));
  });

  it('are those of who asks, and nobody else’s', async () => {
    const { key } = (await store()).body;
    for (const { token } of [api.bob, api.admin]) {
      const read = await api.call('GET', '/records/diary', { token, headers: { 'record-key': key } });
      expect([read.status, read.body.code]).toEqual([404, 'RECORD_NOT_FOUND']);
      expect((await api.call('GET', '/records', { token })).body.items).toEqual([]);
    }
    expect((await api.call('GET', '/records', { token: api.ann.token })).body.items).toMatchObject([
      { recordId: 'diary', version: 1, contentLength: TEXT.length, reads: 0 },
    ]);
  });

  it('replace one another by version, under a condition', async () => {
    const first = await store({ 'record-key-mode': 'managed' });
    expect(first.body).not.toHaveProperty('key');
    expect((await store({ 'if-none-match': '*' })).status).toBe(412);
    expect((await store({ 'if-match': '"7"' })).status).toBe(412);
    const second = await store({ 'if-match': first.headers.get('etag') ?? '', 'record-key-mode': 'managed' }, 'second');
    expect([second.status, second.headers.get('etag')]).toEqual([200, '"2"']);
    const { token } = api.ann;
    expect((await api.call('GET', '/records/diary', { token })).text).toBe('second');
    expect((await api.call('GET', '/records/diary', { token, headers: { 'if-match': '"1"' } })).status).toBe(412);
  });

  it('give a range of themselves', async () => {
    await store({ 'record-key-mode': 'managed' });
    const read = (range: string) => api.call('GET', '/records/diary', { token: api.ann.token, headers: { range } });
    const part = await read('bytes=5-9');
    expect([part.status, part.text, part.headers.get('content-range')]).toEqual([
      206,
      'diary',
      `bytes 5-9/${TEXT.length}`,
    ]);
    expect((await read('bytes=24-')).text).toBe(TEXT.slice(24));
    expect((await read('bytes=24-999')).text).toBe(TEXT.slice(24));
    expect([(await read('bytes=9-5')).status, (await read('lines=1-2')).status]).toEqual([200, 200]);
    expect((await read('bytes=999-')).status).toBe(416);
  });

  it('come and go in pieces, of any size up to the limit', async () => {
    api = await createTestApi({ recordLimit: 400_000 });
    const large = Buffer.alloc(390_000, 'abcdefg');
    const pieces = new ReadableStream({
      start(controller) {
        for (let at = 0; at < large.length; at += 50_000) controller.enqueue(large.subarray(at, at + 50_000));
        controller.close();
      },
    });
    const headers = { 'record-key-mode': 'managed', 'transfer-encoding': 'chunked' };
    expect((await store(headers, pieces)).status).toBe(201);
    const read = await api.call('GET', '/records/diary', { token: api.ann.token });
    expect(read.text).toBe(large.toString());
    const over = new ReadableStream({
      start(controller) {
        for (let at = 0; at < 5; at++) controller.enqueue(large.subarray(0, 100_000));
        controller.close();
      },
    });
    const refused = await store(headers, over, '/records/over');
    expect([refused.status, refused.body.code]).toEqual([413, 'BODY_TOO_LARGE']);
    expect((await api.call('GET', '/records/over', { token: api.ann.token })).status).toBe(404);
  });

  it('can be read as often as was said, and only a read counts', async () => {
    await store({ 'record-key-mode': 'managed', 'record-max-reads': '1' });
    const { token } = api.ann;
    expect((await api.call('HEAD', '/records/diary', { token })).status).toBe(405);
    expect((await api.call('GET', '/records/diary', { token })).headers.get('record-reads-left')).toBe('0');
    const spent = await api.call('GET', '/records/diary', { token });
    expect([spent.status, spent.body.code]).toEqual([410, 'RECORD_READS_SPENT']);
  });

  it('open in a browser, whose key never comes here', async () => {
    const { key } = (await store()).body;
    const { status, headers, body } = await api.call('GET', '/records/diary/sealed', { token: api.ann.token });
    expect(status).toBe(200);
    const place = JSON.parse(Buffer.from(headers.get('record-place') ?? '', 'base64url').toString());
    expect(place).toMatchObject({ owner: api.ann.account.id, record: 'diary', version: 1, keyMode: 'user' });
    const sealed = new Uint8Array(await body.arrayBuffer());
    expect(Buffer.from(sealed).includes('diary')).toBe(false);
    const opened = await openRecord(webCryptoPrimitives(globalThis.crypto), { key: parseKey(key), place }, sealed);
    expect(Buffer.from(await opened.range({ start: 0 })).toString()).toBe(TEXT);
  });

  it('are deleted and brought back', async () => {
    await store({ 'record-key-mode': 'managed' });
    const { token } = api.ann;
    expect((await api.call('DELETE', '/records/diary', { token, headers: { 'if-match': '"9"' } })).status).toBe(412);
    expect((await api.call('DELETE', '/records/diary', { token })).status).toBe(204);
    expect((await api.call('GET', '/records/diary', { token })).status).toBe(404);
    expect((await api.call('GET', '/records?deleted=true', { token })).body.items).toHaveLength(1);
    expect((await api.call('POST', '/records/diary/undelete', { token })).status).toBe(204);
    expect((await api.call('GET', '/records/diary', { token })).text).toBe(TEXT);
  });

  it.each([
    ['record-key-mode', 'mine'],
    ['record-max-reads', '0'],
    ['record-max-reads', '1e9'],
    ['record-expires-at', 'tomorrow'],
    ['if-match', '"first"'],
  ])('refuse the header %s: %s by name', async (name, value) => {
    const { status, body } = await store({ [name]: value });
    expect([status, body.code]).toEqual([400, 'HEADER_INVALID']);
    expect(body.detail.toLowerCase()).toContain(name);
  });

  it('take any text for an id, and none for a path', async () => {
    for (const id of ['../../etc/passwd', 'a/b', 'ключ', '%', 'x'.repeat(1_024)]) {
      const path = `/records/${encodeURIComponent(id)}`;
      expect((await store({ 'record-key-mode': 'managed' }, id, path)).body.recordId).toBe(id);
      expect((await api.call('GET', path, { token: api.ann.token })).text).toBe(id);
    }
    expect((await store({}, 'x', `/records/${'x'.repeat(1_025)}`)).status).toBe(400);
    expect((await store({}, 'x', '/records/%00')).body.code).toBe('TARGET_INVALID');
    expect((await store({}, 'x', '/records/%ff')).body.code).toBe('TARGET_INVALID');
  });
});

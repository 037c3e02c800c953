import { describe, expect, it } from 'vitest';
import { nodeCrypto } from '../../src/crypto/node-provider.ts';
import { utf8 } from '../../src/encoding/bytes.ts';
import type { KeyMode } from '../../src/vault/format/envelope.ts';
import { parseKey } from '../../src/vault/format/key-text.ts';
import { openRecord } from '../../src/vault/format/open-record.ts';
import { codeOf, rejection } from '../support/expect-error.ts';
import { storageSize } from '../support/test-storage.ts';
import { collect, content, createTestVault, DAY, expectContent, LARGE, of, streamOf } from './support.ts';

const MODES: readonly KeyMode[] = ['user', 'managed', 'dual'];

describe.each(MODES)('a record in %s mode', (keyMode) => {
  it('comes back as it was stored, to whoever may have it', async () => {
    const { vault, another } = createTestVault();
    const stored = await vault.store({ ownerId: 'ann', data: 'Grüße', keyMode, contentType: 'text/plain' });
    expect(stored).toMatchObject({ recordId: 'default', version: 1 });
    expect('key' in stored).toBe(keyMode !== 'managed');
    const { key } = stored;
    const options = { ownerId: 'ann', ...(key === undefined ? {} : { key }) };
    for (const instance of [vault, another()]) {
      const read = await instance.retrieve(options);
      expect(read.data).toEqual(utf8('Grüße'));
      expect(read).toMatchObject({
        recordId: 'default',
        version: 1,
        keyMode,
        contentType: 'text/plain',
        contentLength: 7,
      });
    }
  });

  it('stays shut to another key, to no key, and to a key with a typing error', async () => {
    const { vault } = createTestVault();
    const { key } = await vault.store({ ownerId: 'ann', data: 'secret', keyMode });
    const other = (await vault.store({ ownerId: 'bob', data: 'other' })).key as string;
    if (keyMode === 'managed') {
      expect(await codeOf(vault.retrieve({ ownerId: 'ann', key: other }))).toBe('INVALID_ARGUMENT');
      return;
    }
    expect(await codeOf(vault.retrieve({ ownerId: 'ann', key: other }))).toBe('SEAL_OPEN_FAILED');
    expect(await codeOf(vault.retrieve({ ownerId: 'ann' }))).toBe('INVALID_ARGUMENT');
    const typo = `${key?.slice(0, 20)}${key?.[20] === 'q' ? 'p' : 'q'}${key?.slice(21)}`;
    const error = await rejection(vault.retrieve({ ownerId: 'ann', key: typo }));
    expect(error.code).toBe('VAULT_KEY_INVALID');
    expect(error.message).not.toContain(typo.slice(8, 30));
  });

  it('is read whole, in part and as a stream, also where it lies in chunks', async () => {
    const { vault } = createTestVault();
    const data = content(LARGE);
    const { key } = await vault.store({ ownerId: 'ann', data: streamOf(data), keyMode });
    const options = { ownerId: 'ann', ...(key === undefined ? {} : { key }) };
    expectContent((await vault.retrieve(options)).data, data);
    expectContent(await collect((await vault.retrieveStream(options)).stream), data);
    for (const [start, end] of [
      [0, 1],
      [16_383, 16_385],
      [180_000, 190_000],
      [LARGE - 1, LARGE],
      [LARGE, LARGE + 9],
    ] as const) {
      const range = { start, end };
      expectContent((await vault.retrieve({ ...options, range })).data, data.slice(start, end));
      expectContent(await collect((await vault.retrieveStream({ ...options, range })).stream), data.slice(start, end));
    }
    expect(await codeOf(vault.retrieve({ ...options, range: { start: LARGE + 1 } }))).toBe('RANGE_NOT_SATISFIABLE');
  });
});

describe('what can be stored', () => {
  it.each(storageSize([0, 1, 16_384, 180_223, 180_224, 180_225, 180_400, 2_000_003], [0, 180_225, 1_000_003]))(
    'is of any length, such as %d bytes',
    async (length) => {
      const { vault } = createTestVault();
      const data = content(length);
      const asBytes = await vault.store({ ownerId: 'ann', recordId: 'bytes', data });
      const asStream = await vault.store({ ownerId: 'ann', recordId: 'stream', data: streamOf(data, 70_001) });
      for (const { recordId, key = '' } of [asBytes, asStream]) {
        const read = await vault.retrieve({ ownerId: 'ann', recordId, key });
        expectContent(read.data, data);
        expect(read.contentLength).toBe(length);
      }
    },
  );

  it('has an owner and a name of any characters', async () => {
    const { vault } = createTestVault();
    const ids = ['é'.repeat(100), '__proto__', 'constructor', ' ', '\u0000', 'a/b', '../..', '😀', 'A', 'a'];
    const keys = new Map<string, string>();
    for (const id of ids) {
      const { key = '' } = await vault.store({ ownerId: id, recordId: id, data: `of ${id}` });
      keys.set(id, key);
    }
    for (const [id, key] of keys) {
      expect((await vault.retrieve({ ownerId: id, recordId: id, key })).data).toEqual(utf8(`of ${id}`));
      expect((await vault.list({ ownerId: id })).items.map(({ recordId }) => recordId)).toEqual([id]);
    }
  });

  it('shows no more of its length than a class, with padding', async () => {
    const { vault, dump } = createTestVault();
    for (const [recordId, length] of [
      ['a', 306],
      ['b', 318],
      ['c', 5],
    ] as const) {
      await vault.store({ ownerId: 'ann', recordId, data: content(length), padding: 'padme', keyMode: 'managed' });
    }
    const lengths = of(await dump(), 'vault_records').map(({ bytes }) => bytes?.length);
    expect(new Set(lengths.slice(0, 2)).size).toBe(1);
    const { data } = await vault.retrieve({ ownerId: 'ann', recordId: 'b' });
    expect(data).toEqual(content(318));
  });
});

describe('the same owner and name again', () => {
  it('is a new version in the place of the old one', async () => {
    const { vault, dump, clock } = createTestVault();
    const sizes = [10, LARGE, 20, LARGE];
    const keys: string[] = [];
    for (const [at, size] of sizes.entries()) {
      const { version, key = '' } = await vault.store({ ownerId: 'ann', data: content(size, at + 1) });
      expect(version).toBe(at + 1);
      keys.push(key);
    }
    const documents = await dump();
    expect(of(documents, 'vault_records')).toHaveLength(1);
    expectContent((await vault.retrieve({ ownerId: 'ann', key: keys[3] as string })).data, content(LARGE, 4));
    for (const key of keys.slice(0, 3))
      expect(await codeOf(vault.retrieve({ ownerId: 'ann', key }))).toBe('SEAL_OPEN_FAILED');
    // The chunks of the second version go once nobody can be reading them any more.
    expect(of(documents, 'vault_record_chunks')).toHaveLength(6);
    clock.advance(2 * DAY);
    for (const task of vault.maintenance()) await task.run({ limit: 100 });
    expect(of(await dump(), 'vault_record_chunks')).toHaveLength(3);
  });

  it('is refused where ifVersion says otherwise', async () => {
    const { vault } = createTestVault();
    const store = (ifVersion: number | null, data = 'x') => vault.store({ ownerId: 'ann', data, ifVersion });
    expect(await codeOf(store(1))).toBe('RECORD_VERSION_CONFLICT');
    expect((await store(null)).version).toBe(1);
    const error = await rejection(store(null));
    expect(error).toMatchObject({ code: 'RECORD_VERSION_CONFLICT', facts: { expected: null, actual: 1 } });
    expect((await store(1)).version).toBe(2);
    expect(await codeOf(store(1))).toBe('RECORD_VERSION_CONFLICT');
    expect(await codeOf(vault.store({ ownerId: 'ann', data: content(LARGE), ifVersion: 1 }))).toBe(
      'RECORD_VERSION_CONFLICT',
    );
    await vault.delete({ ownerId: 'ann', ifVersion: 2 });
    expect(await codeOf(store(2))).toBe('RECORD_VERSION_CONFLICT');
    expect((await store(null)).version).toBe(3);
  });

  it('is told from the version that a reader wants', async () => {
    const { vault } = createTestVault();
    await vault.store({ ownerId: 'ann', data: 'one', keyMode: 'managed' });
    await vault.store({ ownerId: 'ann', data: 'two', keyMode: 'managed' });
    const read = (options: { version?: number; expectVersion?: number }) =>
      vault.retrieve({ ownerId: 'ann', ...options });
    expect((await read({ version: 2, expectVersion: 2 })).data).toEqual(utf8('two'));
    expect(await codeOf(read({ version: 1 }))).toBe('RECORD_VERSION_CONFLICT');
    expect(await codeOf(read({ expectVersion: 1 }))).toBe('RECORD_VERSION_CONFLICT');
    expect(await codeOf(read({ expectVersion: 3 }))).toBe('RECORD_ROLLED_BACK');
  });
});

describe('list', () => {
  it('tells what an owner has, page by page, and nothing of others', async () => {
    const { vault } = createTestVault();
    expect(await vault.list({ ownerId: 'nobody' })).toEqual({ items: [] });
    await vault.store({ ownerId: 'bob', data: 'x' });
    const names = Array.from({ length: 7 }, (_, at) => `record ${at}`);
    for (const recordId of names)
      await vault.store({ ownerId: 'ann', recordId, data: recordId, contentType: 'text/plain', maxReads: 3 });
    const listed: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await vault.list({ ownerId: 'ann', limit: 3, ...(cursor === undefined ? {} : { cursor }) });
      for (const item of page.items) {
        listed.push(item.recordId);
        expect(item).toMatchObject({
          version: 1,
          keyMode: 'user',
          contentType: 'text/plain',
          contentLength: 8,
          maxReads: 3,
          reads: 0,
        });
        expect(Object.keys(item)).not.toContain('heldKey');
      }
      ({ cursor } = page);
    } while (cursor !== undefined);
    expect(listed.sort()).toEqual(names);
  });
});

describe('a record that is handed over sealed', () => {
  it('opens elsewhere, with its key and place alone', async () => {
    const { vault } = createTestVault();
    for (const length of [0, 70, LARGE]) {
      const data = content(length);
      const { key = '' } = await vault.store({ ownerId: 'ann', data, contentType: 'text/plain' });
      const { place, sealedLength, stream } = await vault.retrieveSealed({ ownerId: 'ann' });
      const sealed = await collect(stream);
      expect(sealed).toHaveLength(sealedLength);
      const opened = await openRecord(nodeCrypto(), { key: parseKey(key), place }, sealed);
      expectContent(await opened.bytes(), data);
      expect(await opened.info()).toEqual({ contentLength: length, contentType: 'text/plain' });
    }
  });

  it('is one that its user can open alone, and as often as need be', async () => {
    const { vault } = createTestVault();
    await vault.store({ ownerId: 'ann', recordId: 'managed', data: 'x', keyMode: 'managed' });
    await vault.store({ ownerId: 'ann', recordId: 'dual', data: 'x', keyMode: 'dual' });
    await vault.store({ ownerId: 'ann', recordId: 'counted', data: 'x', maxReads: 2 });
    for (const recordId of ['managed', 'dual', 'counted']) {
      expect(await codeOf(vault.retrieveSealed({ ownerId: 'ann', recordId }))).toBe('INVALID_ARGUMENT');
    }
    expect(await codeOf(vault.retrieveSealed({ ownerId: 'ann', recordId: 'none' }))).toBe('RECORD_NOT_FOUND');
  });
});

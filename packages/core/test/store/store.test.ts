import { describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { LocalKeyring } from '../../src/keyring/local-keyring.ts';
import { defineCollection } from '../../src/store/collection.ts';
import type { Entry } from '../../src/store/entry.ts';
import { openField, sealField } from '../../src/store/seal.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { createTestStorage } from '../support/test-storage.ts';
import { ledger, notes, storeOn, testStore } from './support.ts';

describe('Store', () => {
  it('reads back what it wrote, typed', async () => {
    const { store } = testStore();
    const bytes = Uint8Array.of(1, 2, 3);
    const write = store.put(
      notes,
      'n1',
      { text: 'one', owner: 'ada' },
      { ifVersion: null, bytes, expiresAt: 2e12, dueAt: 1.9e12 },
    );
    expect(await store.commit([write])).toEqual({ committed: true });
    const entry = await store.get(notes, 'n1');
    expect(entry).toEqual({
      id: 'n1',
      version: write.version,
      value: { text: 'one', owner: 'ada' },
      bytes,
      expiresAt: 2e12,
      dueAt: 1.9e12,
    });
    expectTypeOf(entry).toEqualTypeOf<
      Entry<{ text: string; owner?: string | undefined; at?: number | undefined }> | undefined
    >();
    expect(await store.get(notes, 'n2')).toBeUndefined();
  });

  it('draws a version for every put', () => {
    const { store } = testStore();
    const versions = Array.from({ length: 100 }, () => store.put(notes, 'n1', { text: 'one' }).version);
    expect(new Set(versions).size).toBe(100);
  });

  it('reads several documents of several collections in order', async () => {
    const { store } = testStore();
    await store.commit([store.put(notes, 'n1', { text: 'one' }), store.put(ledger, 'l1', { total: 5 })]);
    const [total, none, note] = await store.getMany([
      { collection: ledger, id: 'l1' },
      { collection: notes, id: 'none' },
      { collection: notes, id: 'n1' },
    ]);
    expect([total?.value.total, none, note?.value.text]).toEqual([5, undefined, 'one']);
  });

  it('pages through an index, and counts it', async () => {
    const { store } = testStore();
    await store.commit(
      Array.from({ length: 7 }, (_, at) =>
        store.put(notes, `n${at}`, { text: `t${at}`, owner: 'ada', at }, { bytes: Uint8Array.of(at) }),
      ),
    );
    const selection = { index: 'byOwner', equals: { owner: 'ada' } };
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await store.query(notes, {
        ...selection,
        limit: 3,
        direction: 'descending',
        ...(cursor === undefined ? {} : { cursor }),
      });
      expect(page.entries.every(({ bytes }) => bytes === undefined)).toBe(true);
      seen.push(...page.entries.map(({ id }) => id));
      cursor = page.cursor;
    } while (cursor !== undefined);
    expect(seen).toEqual(['n6', 'n5', 'n4', 'n3', 'n2', 'n1', 'n0']);
    expect((await store.query(notes, { ...selection, limit: 1, withBytes: true })).entries[0]?.bytes).toEqual(
      Uint8Array.of(0),
    );
    expect(await store.count(notes, { ...selection, from: 2, upTo: 100 })).toBe(5);
    expect(await store.count(notes, { ...selection, upTo: 4 })).toBe(4);
  });

  it('claims what is due, and fences whoever overstays', async () => {
    const { store, clock } = testStore();
    await store.commit([
      store.put(notes, 'n1', { text: 'one' }, { dueAt: clock.now() }),
      store.put(notes, 'n2', { text: 'two' }, { dueAt: clock.now() + 1, dueQueue: 'other' }),
    ]);
    const [claimed] = await store.claim(notes, { limit: 10, leaseMs: 1000 });
    expect(claimed).toMatchObject({ id: 'n1', value: { text: 'one' }, dueAt: clock.now() + 1000 });
    clock.advance(1000);
    expect(await store.claim(notes, { limit: 10, leaseMs: 1000 })).toHaveLength(1);
    expect(await store.claim(notes, { limit: 10, leaseMs: 1000, queue: 'other' })).toHaveLength(1);
    const late = await store.commit([store.delete(notes, 'n1', { ifVersion: claimed?.version ?? '' })]);
    expect(late).toMatchObject({ committed: false, conflict: { write: 0, reason: 'version' } });
  });

  it('claims what can be read beside what cannot, and says so where there is nothing else', async () => {
    const { store, backend, clock } = testStore();
    const dueAt = clock.now();
    await store.commit([store.put(notes, 'n2', { text: 'two' }, { dueAt })]);
    const broken = { kind: 'put' as const, collection: 'notes', id: 'n1', version: 'v', data: { v: 1 }, dueAt };
    await backend.commit([broken]);
    expect((await store.claim(notes, { limit: 10, leaseMs: 1000 })).map(({ id }) => id)).toEqual(['n2']);
    await store.commit([store.delete(notes, 'n2')]);
    clock.advance(1000);
    await expect(store.claim(notes, { limit: 10, leaseMs: 1000 })).rejects.toMatchObject({ code: 'STORAGE_CORRUPT' });
  });

  it('counts a conflict in the writes that it was given', async () => {
    const { store } = testStore();
    await store.commit([store.put(notes, 'n1', { text: 'one' })]);
    const writes = [
      store.put(notes, 'n2', { text: 'two' }),
      store.put(notes, 'n1', { text: 'uno' }, { ifVersion: null }),
    ];
    expect(await store.commit(writes)).toMatchObject({ committed: false, conflict: { write: 1, reason: 'version' } });
    const twice = [store.put(notes, 'n2', { text: 'two' }), store.put(notes, 'n3', { text: 'one' })];
    expect(await store.commit(twice)).toEqual({
      committed: false,
      conflict: { write: 1, reason: 'unique', constraint: 'text' },
    });
    expect(await store.get(notes, 'n2')).toBeUndefined();
  });

  it('opens its collections once, on first use, and again after a failure', async () => {
    const { store, faults, backend } = testStore();
    let opened = 0;
    const open = backend.open.bind(backend);
    backend.open = async (definitions) => {
      opened++;
      await open(definitions);
    };
    faults.plan({ method: 'open', kind: 'refuse' });
    expect(opened).toBe(0);
    await expect(store.get(notes, 'n1')).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    await Promise.all([
      store.get(notes, 'n1'),
      store.count(notes, { index: 'byOwner', equals: { owner: '' }, upTo: 1 }),
      store.commit([]),
    ]);
    await store.get(notes, 'n1');
    expect(opened).toBe(1);
  });

  it('refuses two collections of one name', () => {
    const other = defineCollection({ name: 'notes', schema: z.strictObject({}), recordVersion: 1 });
    expect(() => testStore({ collections: [notes, other] })).toThrow(
      expect.objectContaining({
        name: 'ConflictError',
        code: 'STORE_COLLECTION_CONFLICT',
        facts: { collection: 'notes' },
      }),
    );
    expect(() => testStore({ collections: [notes, notes] })).not.toThrow();
  });

  it('opens again when another instance has added an index', async () => {
    const clock = new VirtualClock();
    const { storage, another } = createTestStorage(clock);
    const old = storeOn(storage, clock);
    await old.commit([old.put(notes, 'n1', { text: 'one', at: 1 }, { dueAt: clock.now() })]);
    const newer = defineCollection({
      ...notes.definition,
      schema: notes.schema,
      recordVersion: 1,
      indexes: { ...notes.definition.indexes, byTime: { orderBy: 'at' } },
    });
    const young = storeOn(another(), clock, { collections: [newer] });
    await young.get(newer, 'n1');
    expect(await old.commit([old.put(notes, 'n2', { text: 'two', at: 2 })])).toEqual({ committed: true });
    expect(await old.claim(notes, { limit: 1, leaseMs: 1 })).toHaveLength(1);
    expect((await young.query(newer, { index: 'byTime', limit: 10 })).entries.map(({ id }) => id)).toEqual([
      'n1',
      'n2',
    ]);
  });
});

describe('a store with a keyring', () => {
  const place = { collection: notes, id: 'n1', field: 'bytes' };

  it('takes the keyring that sealed what is there, its rotations, and no other', async () => {
    const clock = new VirtualClock();
    const { storage } = createTestStorage(clock);
    const first = LocalKeyring.generate();
    const second = first.rotate();
    await storeOn(storage, clock, { keyring: first }).get(notes, 'n1');
    await storeOn(storage, clock, { keyring: first }).get(notes, 'n1');
    await storeOn(storage, clock, { keyring: second }).get(notes, 'n1');
    const { [first.currentKeyId]: _, ...keys } = second.export().keys;
    await storeOn(storage, clock, { keyring: LocalKeyring.fromKeys({ current: second.currentKeyId, keys }) }).get(
      notes,
      'n1',
    );
    for (const stranger of [
      LocalKeyring.generate(),
      first,
      LocalKeyring.fromKeys({ current: second.currentKeyId, keys: { [second.currentKeyId]: new Uint8Array(32) } }),
    ]) {
      const store = storeOn(storage, clock, { keyring: stranger });
      const mismatch = {
        name: 'SealError',
        code: 'KEYRING_MISMATCH',
        facts: { namespace: storage.namespace, keyId: stranger.currentKeyId },
      };
      await expect(store.get(notes, 'n1')).rejects.toMatchObject(mismatch);
      await expect(store.commit([store.put(notes, 'n1', { text: 'one' })])).rejects.toMatchObject(mismatch);
    }
    expect(await storeOn(storage, clock).get(notes, 'n1')).toBeUndefined();
  });

  it('lets one of two keyrings win that come first at the same time', async () => {
    const clock = new VirtualClock();
    const { another } = createTestStorage(clock);
    const tries = Array.from({ length: 4 }, () =>
      storeOn(another(), clock, { keyring: LocalKeyring.generate() }).get(notes, 'n1'),
    );
    const outcomes = await Promise.allSettled(tries);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'KEYRING_MISMATCH' });
  });

  it('does not take a storage that fails for a wrong keyring', async () => {
    const { store, faults } = testStore({ keyring: LocalKeyring.generate() });
    faults.plan({ method: 'commit', kind: 'loseAnswer' });
    await expect(store.get(notes, 'n1')).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    expect(await store.get(notes, 'n1')).toBeUndefined();
  });

  it('binds a sealed field to its place', async () => {
    const keyring = LocalKeyring.generate();
    const { store } = testStore({ keyring });
    const sealed = await sealField(store, keyring, place, Uint8Array.of(1, 2, 3));
    expect(await openField(store, keyring, place, sealed)).toEqual(Uint8Array.of(1, 2, 3));
    for (const moved of [
      { ...place, collection: ledger },
      { ...place, id: 'n2' },
      { ...place, field: 'text' },
    ]) {
      await expect(openField(store, keyring, moved, sealed)).rejects.toMatchObject({ code: 'SEAL_OPEN_FAILED' });
    }
    await expect(openField({ namespace: 'other' }, keyring, place, sealed)).rejects.toMatchObject({
      code: 'SEAL_OPEN_FAILED',
    });
  });
});

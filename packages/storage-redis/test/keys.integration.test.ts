import type { RedisStorage } from '@chancery/storage-redis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { audit } from './support/audit.ts';
import { type Library, type Setting, single, storageOn } from './support/clients.ts';
import { JOBS, put, ref } from './support/documents.ts';

/** S4-17 */
describe.each(['ioredis', 'node-redis'] satisfies Library[])('keys, with %s', (library) => {
  let setting: Setting;
  let storage: RedisStorage;

  beforeAll(async () => {
    setting = await single(library);
  });
  afterAll(() => setting.stop());
  beforeEach(async () => {
    await setting.command('', 'FLUSHALL');
    storage = storageOn(setting);
    await storage.open([JOBS, { name: 'a' }, { name: 'a_b' }]);
    return () => storage.close();
  });

  it('tell documents and values apart that only separators could confuse', async () => {
    const ids = [
      'a',
      'a:b',
      ':a',
      'a:',
      '__proto__',
      'constructor',
      '{x}',
      '}{',
      '*',
      '[a-z]',
      '\\',
      ' ',
      '\u{1f511}',
      'é',
      'e\u0301',
    ];
    await storage.commit(ids.map((id, rank) => put(id, { rank, owner: id, email: `e:${id}` })));
    await storage.commit([
      put('b:c', {}, { collection: 'a' }),
      put('c', {}, { collection: 'a_b' }),
      put('same', { email: 'other' }),
    ]);
    expect((await storage.get(ids.map(ref))).map((document) => document?.id)).toEqual(ids);
    for (const [rank, owner] of ids.entries()) {
      const page = await storage.query({ collection: 'jobs', index: 'byOwner', equals: { owner }, limit: 5 });
      expect(page.documents.map((document) => document.data)).toEqual([{ rank, owner, email: `e:${owner}` }]);
    }
    expect(await audit(setting, 'chancery')).toEqual({ documents: ids.length + 3, faults: [] });
    const rival = await storage.commit([put('rival', { email: 'e:a:b' })]);
    expect(rival).toMatchObject({ committed: false, conflict: { constraint: 'email' } });
  });

  it('hold no NUL', async () => {
    for (const bad of [put('a\0b'), put('x', { owner: 'a\0b' }), put('x', { deep: ['\0'] })]) {
      await expect(storage.commit([bad])).rejects.toMatchObject({ code: 'STORAGE_INVALID' });
    }
  });

  it('walk negative and extreme orders in the order of numbers', async () => {
    const ranks = [-(2 ** 53 - 1), -(2 ** 40), -1, 0, 1, 127, 128, 2 ** 28, 2 ** 28 - 1, 2 ** 53 - 1];
    await storage.commit(ranks.map((rank) => put(`r${rank}`, { rank })));
    const all = async (more: object) =>
      (await storage.query({ collection: 'jobs', index: 'byRank', limit: 100, ...more })).documents.map(
        ({ data }) => data.rank,
      );
    const sorted = ranks.toSorted((left, right) => left - right);
    expect(await all({})).toEqual(sorted);
    expect(await all({ direction: 'descending' })).toEqual(sorted.toReversed());
    for (const bound of ranks) {
      expect(await all({ from: bound })).toEqual(sorted.filter((rank) => rank >= bound));
      expect(await all({ to: bound })).toEqual(sorted.filter((rank) => rank < bound));
    }
  });

  it.each([
    ['a document', '{chancery}:d:jobs:a', ['SET', 'x']],
    ['a document that is a hash of others', '{chancery}:d:jobs:a', ['HSET', 'name', 'x']],
    ['an index', '{chancery}:i:jobs:byOwner:ann', ['SET', 'x']],
    ['a unique value', '{chancery}:u:jobs:email:e', ['RPUSH', 'x']],
    ['a queue', '{chancery}:q:jobs:', ['SADD', 'x']],
    ['the list of what expires', '{chancery}:x', ['SET', 'x']],
    ['the schema', '{chancery}:schema', ['SET', 'x']],
  ])(
    'that hold what is of others are told, and a commit writes nothing: %s',
    async (_name, key, [command, ...words]) => {
      const writes = [
        put('b', { rank: 1 }),
        put('a', { rank: 1, owner: 'ann', email: 'e' }, { dueAt: 5, expiresAt: 9_000_000_000_000 }),
      ];
      if (key.endsWith('schema')) await setting.command(key, 'DEL', key);
      await setting.command(key, command as string, key, ...words);
      const before = await setting.command('', 'DBSIZE');
      await expect(storage.commit(writes)).rejects.toMatchObject({ code: 'STORAGE_CORRUPT', outcome: 'none' });
      expect(await setting.command('', 'DBSIZE')).toBe(before);
      if (key.includes(':d:')) {
        await expect(storage.get([ref('a')])).rejects.toMatchObject({ code: 'STORAGE_CORRUPT', facts: { key } });
      }
    },
  );

  it('that are evicted or deleted by hand behind the storage are told, not guessed', async () => {
    await storage.commit([put('a', { rank: 1 }), put('b', { rank: 2 })]);
    await setting.command('', 'DEL', '{chancery}:d:jobs:a');
    await expect(storage.query({ collection: 'jobs', index: 'byRank', limit: 9 })).rejects.toMatchObject({
      code: 'STORAGE_CORRUPT',
    });
  });
});

import { describe, expect, it } from 'vitest';
import { ChanceryError } from '../../src/errors/chancery-error.ts';
import { codeOf } from '../support/expect-error.ts';
import { collect, content, createTestVault, DAY, expectContent, HOUR, LARGE, maintain, of } from './support.ts';

const ann = { ownerId: 'ann' };

/** How many of the attempts came to what: a code, or `read`. */
async function tally(attempts: readonly Promise<unknown>[]): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const attempt of await Promise.allSettled(attempts)) {
    if (attempt.status === 'rejected' && !(attempt.reason instanceof ChanceryError)) throw attempt.reason;
    const outcome = attempt.status === 'fulfilled' ? 'read' : attempt.reason.code;
    counts[outcome] = (counts[outcome] ?? 0) + 1;
  }
  return counts;
}

describe('a record that may be read once', () => {
  it.each([5, LARGE])('is read by exactly one of 30 who try at one time (%d bytes)', async (length) => {
    const { vault, another } = createTestVault();
    const data = content(length);
    const { key = '' } = await vault.store({ ...ann, data, maxReads: 1 });
    const instances = [vault, another(), another()];
    const attempts = Array.from(
      { length: 30 },
      (_, at) => instances[at % 3]?.retrieve({ ...ann, key }) ?? Promise.reject(),
    );
    expect(await tally(attempts)).toEqual({ read: 1, RECORD_READS_SPENT: 29 });
    const read = await Promise.any(attempts);
    expect(read.readsLeft).toBe(0);
    expectContent(read.data, data);
  });

  it('is not spent by who has no key, asks wrongly, or asks for nothing', async () => {
    const { vault } = createTestVault();
    const { key = '' } = await vault.store({ ...ann, data: 'once', maxReads: 1 });
    const stranger = (await vault.store({ ownerId: 'eve', data: 'x' })).key ?? '';
    for (let attempt = 0; attempt < 5; attempt++) {
      expect(await codeOf(vault.retrieve({ ...ann, key: stranger }))).toBe('SEAL_OPEN_FAILED');
    }
    expect(await codeOf(vault.retrieve(ann))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(vault.retrieve({ ...ann, key, expectVersion: 2 }))).toBe('RECORD_ROLLED_BACK');
    expect(await codeOf(vault.retrieve({ ...ann, key, range: { start: 5 } }))).toBe('RANGE_NOT_SATISFIABLE');
    expect(await codeOf(vault.retrieveStream({ ...ann, key, range: { start: 5 } }))).toBe('RANGE_NOT_SATISFIABLE');
    expect((await vault.retrieve({ ...ann, key, range: { start: 4 } })).data).toHaveLength(0);
    expect((await vault.list(ann)).items).toMatchObject([{ reads: 0, maxReads: 1 }]);
    await expect(vault.retrieve({ ...ann, key })).resolves.toMatchObject({ readsLeft: 0 });
    expect(await codeOf(vault.retrieve({ ...ann, key }))).toBe('RECORD_READS_SPENT');
    expect((await vault.list(ann)).items).toEqual([]);
  });

  it('leaves storage with the read: at once from its document, from its chunks when it has been streamed', async () => {
    const { vault, dump, clock, events } = createTestVault();
    const small = await vault.store({ ...ann, recordId: 'small', data: 'once', maxReads: 1, keyMode: 'managed' });
    const large = await vault.store({ ...ann, recordId: 'large', data: content(LARGE), maxReads: 1 });
    await vault.retrieve({ ...ann, recordId: small.recordId });
    const { stream } = await vault.retrieveStream({ ...ann, recordId: large.recordId, key: large.key ?? '' });
    for (const { bytes } of of(await dump(), 'vault_records')) expect(bytes).toBeUndefined();
    expectContent(await collect(stream), content(LARGE));
    expect((await events.pending({ limit: 10 })).items.filter(({ type }) => type === 'record.spent')).toHaveLength(2);
    clock.advance(HOUR);
    await maintain(vault);
    expect(of(await dump(), 'vault_record_chunks')).toEqual([]);
    expect(await codeOf(vault.undelete({ ...ann, recordId: 'small' }))).toBe('RECORD_READS_SPENT');
    clock.advance(DAY);
    await maintain(vault);
    expect(of(await dump(), 'vault_records')).toEqual([]);
    expect(await codeOf(vault.retrieve({ ...ann, recordId: 'small' }))).toBe('RECORD_NOT_FOUND');
  });
});

describe('a record that may be read several times', () => {
  it('counts them one by one, ranges and streams too, across instances', async () => {
    const { vault, another } = createTestVault();
    await vault.store({ ...ann, data: content(LARGE), maxReads: 6, keyMode: 'managed' });
    const other = another();
    const left = [
      (await vault.retrieve(ann)).readsLeft,
      (await other.retrieve({ ...ann, range: { start: 7, end: 8 } })).readsLeft,
      (await other.retrieveStream(ann)).readsLeft,
    ];
    expect(left).toEqual([5, 4, 3]);
    const attempts = Array.from({ length: 8 }, (_, at) => (at % 2 === 0 ? vault : other).retrieve(ann));
    expect(await tally(attempts)).toEqual({ read: 3, RECORD_READS_SPENT: 5 });
  });

  it('begins to count anew with a new version', async () => {
    const { vault } = createTestVault();
    const store = () => vault.store({ ...ann, data: 'x', maxReads: 1, keyMode: 'managed' });
    await store();
    await vault.retrieve(ann);
    expect((await store()).version).toBe(2);
    await expect(vault.retrieve(ann)).resolves.toMatchObject({ version: 2, readsLeft: 0 });
  });
});

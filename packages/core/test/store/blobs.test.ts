import { beforeAll, describe, expect, it } from 'vitest';
import { nodeCrypto } from '../../src/crypto/node-provider.ts';
import type { DocumentRef, Write } from '../../src/ports/storage.ts';
import { blobChunks, blobs as blobDocuments, blobRemovals } from '../../src/store/blob-collections.ts';
import { Blobs, blobCollections } from '../../src/store/blobs.ts';
import type { Store } from '../../src/store/store.ts';
import { storageSize } from '../support/test-storage.ts';
import { notes, storeOn, type TestStore, testStore } from './support.ts';

const MIB = 1024 * 1024;
const HOUR = 3_600_000;
const collections = [notes, ...blobCollections];

interface BlobTest extends TestStore {
  readonly blobs: Blobs;
  /** Every document of the blobs that was ever put. */
  readonly written: DocumentRef[];
  readonly sizes: number[];
}

function blobTest(): BlobTest {
  const test = testStore({ collections });
  const written: DocumentRef[] = [];
  const sizes: number[] = [];
  const commit = test.backend.commit.bind(test.backend);
  test.backend.commit = async (writes) => {
    const names: string[] = blobCollections.map(({ name }) => name);
    for (const write of writes) if (write.kind === 'put' && names.includes(write.collection)) written.push(write);
    sizes.push(writes.reduce((total, write) => total + (write.kind === 'put' ? (write.bytes?.length ?? 0) : 0), 0));
    return commit(writes);
  };
  return Object.assign(test, { blobs: new Blobs(test.store), written, sizes });
}
const present = async ({ backend, written }: BlobTest): Promise<DocumentRef[]> => {
  const refs = [...new Map(written.map(({ collection, id }) => [`${collection}/${id}`, { collection, id }])).values()];
  const found = await Promise.all(refs.map(async (ref) => (await backend.get([ref]))[0] && ref));
  return found.filter((ref) => ref !== undefined);
};
async function maintain(blobs: Blobs, limit = 10): Promise<number> {
  let rounds = 0;
  for (let more = true; more; rounds++) {
    for (const task of blobs.maintenance()) ({ more } = await task.run({ limit }));
  }
  return rounds;
}
const own = (store: Store, blob: { readonly id: string; readonly commitWith: readonly Write[] }): Write[] => [
  store.put(notes, 'owner', { text: blob.id }),
  ...blob.commitWith,
];

let large: Uint8Array;
beforeAll(() => {
  large = nodeCrypto().randomBytes(7 * MIB + 12_345);
});

describe('Blobs', () => {
  it.each([0, 1, 262_144, 262_145, MIB, MIB + 1, 3 * MIB, 4 * MIB])('reads back %d bytes', async (length) => {
    const test = blobTest();
    const content = large.subarray(0, length);
    const blob = await test.blobs.write(content);
    expect(await test.store.commit(own(test.store, blob))).toEqual({ committed: true });
    expect(Buffer.compare(await test.blobs.read(blob.id), content)).toBe(0);
    expect(Math.max(...test.sizes)).toBeLessThanOrEqual(3 * MIB);
  });

  it('keeps a copy of a small value that waits for its owner', async () => {
    const test = blobTest();
    const content = Uint8Array.of(1, 2, 3);
    const blob = await test.blobs.write(content);
    content.fill(0);
    await test.store.commit(own(test.store, blob));
    expect(await test.blobs.read(blob.id)).toEqual(Uint8Array.of(1, 2, 3));
  });

  it('knows nothing of what was not written', async () => {
    const test = blobTest();
    await expect(test.blobs.read('nothing')).rejects.toMatchObject({
      name: 'NotFoundError',
      code: 'BLOB_NOT_FOUND',
      facts: { blob: 'nothing' },
    });
    const small = await test.blobs.write(Uint8Array.of(1));
    await expect(test.blobs.read(small.id)).rejects.toMatchObject({ code: 'BLOB_NOT_FOUND' });
  });

  it('keeps what belongs to somebody, and removes what nobody came for', async () => {
    const test = blobTest();
    const kept = await test.blobs.write(large);
    await test.store.commit(own(test.store, kept));
    const before = (await present(test)).length;
    const orphan = await test.blobs.write(large);
    test.clock.advance(HOUR - 1);
    await maintain(test.blobs);
    expect((await present(test)).length).toBeGreaterThan(before);
    test.clock.advance(1);
    await maintain(test.blobs);
    expect((await present(test)).length).toBe(before);
    expect(Buffer.compare(await test.blobs.read(kept.id), large)).toBe(0);
    expect(await test.store.commit(own(test.store, orphan))).toMatchObject({ committed: false });
    await expect(test.blobs.read(orphan.id)).rejects.toMatchObject({ code: 'BLOB_NOT_FOUND' });
  });

  it.each([10, 7 * MIB])('removes %d bytes that were discarded, an hour later', async (length) => {
    const test = blobTest();
    const blob = await test.blobs.write(large.subarray(0, length));
    await test.store.commit(own(test.store, blob));
    await test.store.commit([test.store.delete(notes, 'owner'), test.blobs.discard(blob.id)]);
    test.clock.advance(HOUR - 1);
    await maintain(test.blobs);
    expect(await test.blobs.read(blob.id)).toHaveLength(length);
    test.clock.advance(1);
    await maintain(test.blobs);
    await expect(test.blobs.read(blob.id)).rejects.toMatchObject({ code: 'BLOB_NOT_FOUND' });
    expect(await present(test)).toEqual([]);
  });

  it('does its maintenance in bounded pieces, and says when to come back', async () => {
    const test = blobTest();
    for (let count = 0; count < 5; count++)
      await test.store.commit([...(await test.blobs.write(Uint8Array.of(count))).commitWith]);
    await test.store.commit((await present(test)).map(({ id }) => test.blobs.discard(id)));
    test.clock.advance(HOUR);
    const [task] = test.blobs.maintenance();
    expect(task?.name).toBe(`store:blobs:${test.backend.namespace}`);
    expect(await task?.run({ limit: 2 })).toEqual({ more: true, nextDueAt: test.clock.now() });
    expect(await task?.run({ limit: 100 })).toEqual({ more: false, nextDueAt: test.clock.now() + HOUR });
    expect(await present(test)).toEqual([]);
  });

  it('fails closed on a chunk that is missing, changed, or exchanged', async () => {
    const test = blobTest();
    const blob = await test.blobs.write(large);
    await test.store.commit(own(test.store, blob));
    const chunk = (index: number, bytes: Uint8Array): Write =>
      test.store.put(blobChunks, `${blob.id}/${index}`, {}, { bytes });
    const part = (index: number): Uint8Array => Uint8Array.from(large.subarray(index * MIB, (index + 1) * MIB));
    const flipped = part(2);
    flipped[5]! ^= 1;
    const corrupt = { name: 'StorageError', code: 'STORAGE_CORRUPT', facts: { blob: blob.id } };
    for (const damage of [
      [chunk(2, flipped)],
      [chunk(2, part(3)), chunk(3, part(2))],
      [chunk(2, part(2).subarray(1))],
      [test.store.delete(blobChunks, `${blob.id}/2`)],
    ]) {
      await test.store.commit(damage.slice(0, 1));
      if (damage[1]) await test.store.commit(damage.slice(1));
      await expect(test.blobs.read(blob.id)).rejects.toMatchObject(corrupt);
      await test.store.commit([chunk(2, part(2))]);
      await test.store.commit([chunk(3, part(3))]);
      expect(await test.blobs.read(blob.id)).toHaveLength(large.length);
    }
  });

  it('lets a writer that is an hour late know, and leaves nothing of it', async () => {
    const test = blobTest();
    const commit = test.backend.commit.bind(test.backend);
    let commits = 0;
    test.backend.commit = async (writes) => {
      if (++commits === 3) {
        test.clock.advance(HOUR);
        await maintain(new Blobs(storeOn(test.backend, test.clock, { collections })));
      }
      return commit(writes);
    };
    await expect(test.blobs.write(large)).rejects.toMatchObject({ name: 'ConflictError', code: 'COMMIT_CONFLICT' });
    test.clock.advance(HOUR);
    await maintain(test.blobs);
    expect(await present(test)).toEqual([]);
  });
});

describe('a crash while a blob is replaced', () => {
  // From some call on the storage is out of reach; the last call before may have taken effect without an answer.
  const kinds = ['refuse', 'loseAnswer'] as const;
  // Each on a storage of its own with megabytes in it: on a database every third call, another one of each kind.
  const crashes = kinds.flatMap((kind, at) =>
    Array.from({ length: 14 }, (_, calls) => [kind, calls] as const).filter(
      ([, calls]) => calls % storageSize(1, 3) === at % storageSize(1, 3),
    ),
  );

  it.each(crashes)(
    'leaves no reference to a missing chunk, and nothing behind (%s after %d calls)',
    async (kind, calls) => {
      const test = blobTest();
      const first = await test.blobs.write(large);
      await test.store.commit(own(test.store, first));
      const whole = (await present(test)).length;

      if (kind === 'loseAnswer') test.faults.plan({ kind, method: 'commit', skip: Math.max(0, calls - 1) });
      test.faults.plan({ kind: 'refuse', skip: calls, times: Number.POSITIVE_INFINITY });
      try {
        const second = await test.blobs.write(large.subarray(1));
        await test.store.commit([...own(test.store, second), test.blobs.discard(first.id)]);
        test.clock.advance(HOUR);
        await maintain(test.blobs);
      } catch (error) {
        expect(error).toMatchObject({ name: 'StorageError' });
      }

      const store = storeOn(test.backend, test.clock, { collections });
      const blobs = new Blobs(store);
      test.clock.advance(2 * HOUR);
      await maintain(blobs);
      const owner = await store.get(notes, 'owner');
      const expected = owner?.value.text === first.id ? large : large.subarray(1);
      expect(Buffer.compare(await blobs.read(owner?.value.text ?? ''), expected)).toBe(0);
      const left = await present(test);
      expect(left.filter(({ collection }) => collection === blobRemovals.name)).toEqual([]);
      expect(left.filter(({ collection }) => collection === blobDocuments.name)).toHaveLength(1);
      expect(left).toHaveLength(whole);
    },
  );
});

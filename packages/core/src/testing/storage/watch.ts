import type { StorageBackend, WatchListener } from '../../ports/storage.ts';
import { ExpectationError, expect, expectEqual, expectStorageError } from '../assertions.ts';
import { type ConformanceTest, commit, read, type TestBed } from './test-bed.ts';

/** Rule 13: notices. They may be lost, so that a test waits for one by writing again, a bounded number of times. */
export const watchTests: readonly ConformanceTest[] = [
  {
    name: 'rule 13: watch is there exactly if the backend says so',
    async run(bed) {
      const backend = await bed.open();
      expectEqual(typeof backend.watch === 'function', backend.capabilities.watch, 'watch against capabilities.watch');
    },
  },
  {
    name: 'rule 13: changes by any instance are told, after the commit',
    async run(bed) {
      const watcher = await watching(bed);
      if (watcher === undefined) return;
      const writer = await bed.open();
      const seen: (readonly string[] | undefined)[] = [];
      const stop = await watcher.watch('things', (ids) => seen.push(ids));
      await notified(bed, writer, 'a', () => seen.some((ids) => ids === undefined || ids.includes('a')));
      await notified(bed, watcher, 'own', () => seen.some((ids) => ids === undefined || ids.includes('own')));
      await stop();
      await settle(watcher);
      seen.length = 0;
      await commit(writer, bed.put('after', {}));
      await settle(watcher);
      expectEqual(seen, [], 'notices after the subscription ended');
      await watcher.watch('things', (ids) => seen.push(ids));
      await watcher.close();
      await commit(writer, bed.put('later', {}));
      await settle(writer);
      expectEqual(seen, [], 'notices after the backend was closed');
    },
  },
  {
    name: 'rule 13: a listener that throws disturbs neither the commit nor other listeners',
    async run(bed) {
      const watcher = await watching(bed);
      if (watcher === undefined) return;
      let told = 0;
      const bad: WatchListener = () => {
        throw new Error('a listener of a test that fails on purpose');
      };
      await watcher.watch('things', bad);
      await watcher.watch('things', () => {
        told += 1;
      });
      await watcher.watch('things', (async () => bad(undefined)) as WatchListener);
      await notified(bed, watcher, 'a', () => told > 0);
      expect((await read(watcher, 'a')) !== undefined, 'the commit behind a listener that throws');
    },
  },
  {
    name: 'rule 13: a collection that was not declared with watch is refused',
    async run(bed) {
      const watcher = await watching(bed);
      if (watcher === undefined) return;
      await expectStorageError(
        () => watcher.watch('others', () => undefined),
        'STORAGE_UNDECLARED',
        'an unwatched collection',
      );
      await expectStorageError(
        () => watcher.watch('unknown', () => undefined),
        'STORAGE_UNDECLARED',
        'an unknown collection',
      );
    },
  },
];

type WatchingBackend = StorageBackend & Required<Pick<StorageBackend, 'watch'>>;

async function watching(bed: TestBed): Promise<WatchingBackend | undefined> {
  const backend = await bed.open();
  if (backend.watch !== undefined) return backend as WatchingBackend;
  bed.skip('the backend cannot watch');
  return undefined;
}

/** Writes until the listener was told: one notice may be lost, fifty are not. */
async function notified(bed: TestBed, writer: StorageBackend, id: string, told: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 50; attempt++) {
    await commit(writer, bed.put(id, { attempt }));
    await settle(writer);
    if (told()) return;
  }
  throw new ExpectationError(`no notice of "${id}" came in 50 commits`);
}

/** Lets what is under way arrive: a few round trips to the server. */
async function settle(backend: StorageBackend): Promise<void> {
  for (let round = 0; round < 5; round++) await read(backend, 'none');
}

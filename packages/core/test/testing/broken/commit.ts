import type { DocumentRef, StorageBackend, StoredDocument, Write } from '@chancery/core/ports';
import { type BrokenStorage, turn } from './sabotage.ts';

/** Defects of commit, get and their atomicity. */
export const commitDefects: readonly BrokenStorage[] = [
  {
    defect: 'a commit that writes one by one',
    caughtBy: 'a commit whose condition fails writes nothing',
    sabotage: (inner) => ({
      commit: async (writes) => {
        for (const [at, write] of writes.entries()) {
          const result = await inner.commit([write]);
          if (!result.committed) return { committed: false, conflict: { ...result.conflict, write: at } };
        }
        return { committed: true };
      },
    }),
  },
  {
    defect: 'conditions judged first and written later',
    caughtBy: 'of racers that create one document',
    sabotage: checkThenWrite,
  },
  { defect: 'the same, against lost updates', caughtBy: 'loses no update', sabotage: checkThenWrite },
  { defect: 'the same, against histories', caughtBy: 'are linearizable', sabotage: checkThenWrite },
  {
    defect: 'checks that are not checked',
    caughtBy: 'no write skew',
    sabotage: (inner) => ({ commit: (writes) => inner.commit(writes.filter(({ kind }) => kind !== 'check')) }),
  },
  {
    defect: 'deletes without their condition',
    caughtBy: 'judge the version',
    sabotage: (inner) => ({
      commit: (writes) =>
        inner.commit(
          writes.map((write) =>
            write.kind === 'delete' ? { kind: 'delete', collection: write.collection, id: write.id } : write,
          ),
        ),
    }),
  },
  {
    defect: 'the highest failing write reported',
    caughtBy: 'the lowest write is reported',
    sabotage: (inner) => ({
      commit: async (writes) => {
        const result = await inner.commit(writes.toReversed());
        if (result.committed) return result;
        return { committed: false, conflict: { ...result.conflict, write: writes.length - 1 - result.conflict.write } };
      },
    }),
  },
  {
    defect: 'the last of two writes to one document kept',
    caughtBy: 'one document twice',
    sabotage: (inner) => ({
      commit: (writes) =>
        inner.commit([...new Map(writes.map((write) => [`${write.collection}/${write.id}`, write])).values()]),
    }),
  },
  {
    defect: 'a put that merges into what was there',
    caughtBy: 'a put replaces the whole document',
    sabotage: (inner) => ({
      commit: async (writes) => {
        const before = await inner.get(writes);
        return inner.commit(
          writes.map((write, at) =>
            write.kind === 'put' ? { ...write, data: { ...before[at]?.data, ...write.data } } : write,
          ),
        );
      },
    }),
  },
  {
    defect: 'reads of one document after another',
    caughtBy: 'a get sees a commit whole',
    sabotage: (inner) => ({ get: readOneByOne(inner) }),
  },
  {
    defect: 'the same, against histories',
    caughtBy: 'are linearizable',
    sabotage: (inner) => ({ get: readOneByOne(inner) }),
  },
  {
    defect: 'a cache that does not see other instances',
    caughtBy: 'see each other at once',
    sabotage: cachedReads,
  },
  { defect: 'the same, against histories', caughtBy: 'are linearizable', sabotage: cachedReads },
];

function checkThenWrite(inner: StorageBackend): Partial<StorageBackend> {
  return {
    commit: async (writes) => {
      const before = await inner.get(writes);
      for (const [at, { ifVersion }] of writes.entries()) {
        const actual = before[at]?.version ?? null;
        if (ifVersion !== undefined && actual !== ifVersion)
          return { committed: false, conflict: { write: at, reason: 'version', actual } };
      }
      await turn();
      const unconditional = writes.flatMap((write): Write[] => {
        if (write.kind === 'check') return [];
        const { ifVersion: _ifVersion, ...rest } = write;
        return [rest];
      });
      return inner.commit(unconditional);
    },
  };
}

function readOneByOne(inner: StorageBackend): StorageBackend['get'] {
  return async (refs) => {
    const documents: (StoredDocument | undefined)[] = [];
    for (const ref of refs) {
      documents.push(...(await inner.get([ref])));
      await turn();
    }
    return documents;
  };
}

function cachedReads(inner: StorageBackend): Partial<StorageBackend> {
  const cache = new Map<string, StoredDocument | undefined>();
  const key = ({ collection, id }: DocumentRef) => `${collection}/${id}`;
  return {
    get: async (refs) => {
      const fresh = await inner.get(refs);
      return refs.map((ref, at) => {
        if (!cache.has(key(ref))) cache.set(key(ref), fresh[at]);
        return cache.get(key(ref));
      });
    },
    commit: async (writes) => {
      for (const write of writes) cache.delete(key(write));
      return inner.commit(writes);
    },
  };
}

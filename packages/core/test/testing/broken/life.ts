import type { StorageBackend } from '@chancery/core/ports';
import type { BrokenStorage } from './sabotage.ts';

/** Defects of opening, closing, refusing and watching. */
export const lifeDefects: readonly BrokenStorage[] = [
  {
    defect: 'emptiness after close',
    caughtBy: 'every call rejects with STORAGE_CLOSED',
    sabotage: (inner) => ({ get: (refs) => inner.get(refs).catch(() => refs.map(() => undefined)) }),
  },
  {
    defect: 'errors of no class',
    caughtBy: 'every call rejects with STORAGE_CLOSED',
    sabotage: (inner) => ({
      count: (query) =>
        inner.count(query).catch((error: Error) => {
          throw new Error(error.message, { cause: error });
        }),
    }),
  },
  {
    defect: 'an error that is thrown rather than rejected with',
    caughtBy: 'rule 14: malformed requests',
    sabotage: (inner) => ({
      sweep: (limit) => {
        if (limit <= 0) throw new RangeError('limit');
        return inner.sweep(limit);
      },
    }),
  },
  {
    defect: 'a refusal that claims an unknown outcome',
    caughtBy: 'one document twice',
    sabotage: (inner) => ({
      commit: (writes) =>
        inner.commit(writes).catch((error: Error) => Promise.reject(Object.assign(error, { outcome: 'unknown' }))),
    }),
  },
  {
    defect: 'emptiness for what was not declared',
    caughtBy: 'what was not declared is refused',
    sabotage: (inner) => ({ query: (query) => inner.query(query).catch(() => ({ documents: [] })) }),
  },
  {
    defect: 'an old instance that writes on with a schema that it does not know',
    caughtBy: 'cannot write until it opens again',
    sabotage: (inner) => {
      const opened: Parameters<StorageBackend['open']>[0][number][] = [];
      return {
        open: (definitions) => {
          opened.push(...definitions);
          return inner.open(definitions);
        },
        commit: (writes) =>
          inner.commit(writes).catch(async () => {
            for (const definition of opened) await inner.open([definition]);
            return inner.commit(writes);
          }),
      };
    },
  },
  {
    defect: 'a new index that is not filled',
    caughtBy: 'a new index is filled before open resolves',
    sabotage: (inner) => {
      const written = new Set<string>();
      return {
        open: (definitions) => {
          written.clear();
          return inner.open(definitions);
        },
        commit: (writes) => {
          for (const { id } of writes) written.add(id);
          return inner.commit(writes);
        },
        query: async (query) => {
          const page = await inner.query(query);
          return { ...page, documents: page.documents.filter(({ id }) => written.has(id)) };
        },
      };
    },
  },
  {
    defect: 'definitions that are not checked',
    caughtBy: 'malformed definitions are refused',
    sabotage: (inner) => ({ open: (definitions) => inner.open(definitions).catch(() => undefined) }),
  },
  {
    defect: 'notices before the commit, on its stack',
    caughtBy: 'a listener that throws disturbs neither',
    sabotage: (inner) => {
      const listeners: ((ids: readonly string[]) => void)[] = [];
      return {
        watch: async (_collection, listener) => {
          listeners.push(listener);
          return async () => undefined;
        },
        commit: async (writes) => {
          for (const listener of listeners) listener(writes.map(({ id }) => id));
          return inner.commit(writes);
        },
      };
    },
  },
  {
    defect: 'notices that never come',
    caughtBy: 'changes by any instance are told',
    sabotage: () => ({ watch: async () => async () => undefined }),
  },
  {
    defect: 'notices that do not end',
    caughtBy: 'changes by any instance are told',
    sabotage: (inner) => ({
      watch: async (collection, listener) => {
        await inner.watch?.(collection, listener);
        return async () => undefined;
      },
    }),
  },
  {
    defect: 'watch promised and not there',
    caughtBy: 'watch is there exactly if',
    sabotage: (inner) => ({ capabilities: { ...inner.capabilities, watch: false } }),
  },
];

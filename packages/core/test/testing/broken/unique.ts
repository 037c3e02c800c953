import type { Write } from '@chancery/core/ports';
import { type BrokenStorage, turn } from './sabotage.ts';

/** Defects of unique constraints. */
export const uniqueDefects: readonly BrokenStorage[] = [
  {
    defect: 'uniqueness judged write by write',
    caughtBy: 'judged on the state that the commit leaves',
    sabotage: uniquePerWrite(() => false),
  },
  {
    defect: 'uniqueness that expired documents keep',
    caughtBy: 'is free again by delete, by expiry',
    sabotage: uniquePerWrite((writes) => writes.length === 1),
  },
  {
    defect: 'uniqueness looked up before the write',
    caughtBy: 'of racers for one value',
    sabotage: (inner) => ({
      commit: async (writes) => {
        const [write] = writes;
        if (writes.length > 1 || write?.kind !== 'put' || typeof write.data.email !== 'string')
          return inner.commit(writes);
        // Two fields instead of one that is constrained: only the look-up stands in the way of a duplicate.
        const { email, ...data } = write.data;
        const { documents } = await inner.query({
          collection: write.collection,
          index: 'byOwner',
          equals: { owner: email },
          limit: 1,
        });
        await turn();
        if (documents.length > 0)
          return { committed: false, conflict: { write: 0, reason: 'unique', constraint: 'email' } };
        return inner.commit([{ ...write, data: { ...data, owner: email, rank: 0 } }]);
      },
    }),
  },
];

/** Judges each write against what is stored; `remember` says of which commits values are held for ever. */
function uniquePerWrite(remember: (writes: readonly Write[]) => boolean): BrokenStorage['sabotage'] {
  return (inner) => {
    const ids = new Set<string>();
    const kept = new Map<string, string>();
    return {
      commit: async (writes) => {
        const things = await inner.get([...ids].map((id) => ({ collection: 'things', id })));
        for (const [at, write] of writes.entries()) {
          if (write.collection !== 'things') continue;
          ids.add(write.id);
          if (write.kind !== 'put' || write.data.email === undefined) continue;
          const email = write.data.email as string;
          const rival = things.some(
            (other) => other !== undefined && other.id !== write.id && other.data.email === email,
          );
          const held = remember(writes) && kept.has(email) && kept.get(email) !== write.id;
          if (rival || held)
            return { committed: false, conflict: { write: at, reason: 'unique', constraint: 'email' } };
        }
        for (const write of writes) {
          if (write.kind === 'put' && write.expiresAt !== undefined && write.data.email !== undefined) {
            kept.set(write.data.email as string, write.id);
          }
        }
        return inner.commit(writes);
      },
    };
  };
}

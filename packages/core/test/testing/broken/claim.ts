import type { StoredDocument } from '@chancery/core/ports';
import { type BrokenStorage, turn } from './sabotage.ts';

/** Defects of claims and leases. */
export const claimDefects: readonly BrokenStorage[] = [
  {
    defect: 'a claim that keeps the version',
    caughtBy: 'a claim sets a lease and a fresh version',
    sabotage: claimKeeping((claimed, before) => ({ ...claimed, version: before.version })),
  },
  {
    defect: 'the same, against the fence',
    caughtBy: 'its first owner is fenced off',
    sabotage: claimKeeping((claimed, before) => ({ ...claimed, version: before.version })),
  },
  {
    defect: 'a claim without a lease',
    caughtBy: 'a claim sets a lease and a fresh version',
    sabotage: claimKeeping((claimed, before) =>
      before.dueAt === undefined ? claimed : { ...claimed, dueAt: before.dueAt },
    ),
  },
  {
    defect: 'a claim one millisecond early',
    caughtBy: 'a claim takes what is due',
    sabotage: (inner, { skewed }) => ({ claim: (request) => skewed(1, () => inner.claim(request)) }),
  },
  {
    defect: 'a claim of the latest first',
    caughtBy: 'a claim takes what is due',
    sabotage: (inner) => ({ claim: async (request) => (await inner.claim(request)).toReversed() }),
  },
  {
    defect: 'a claim of every queue',
    caughtBy: 'a claim takes what is due',
    sabotage: (inner) => ({
      claim: async (request) => [
        ...(await inner.claim(request)),
        ...(await inner.claim({ ...request, queue: 'mail' })),
      ],
    }),
  },
  {
    defect: 'a claim that looks first and takes later',
    caughtBy: 'share the work without overlap',
    sabotage: (inner, { now }) => ({
      claim: async ({ collection, limit, leaseMs }) => {
        const due = await inner.query({ collection, index: 'byDue', to: now() + 1, limit });
        await turn();
        const leased = due.documents.map((document) => ({
          ...document,
          version: `${document.version}+`,
          dueAt: now() + leaseMs,
        }));
        await inner.commit(leased.map((document) => ({ kind: 'put', ...document })));
        return leased;
      },
    }),
  },
];

/** Writes a claimed document once more, as it should not have become. */
function claimKeeping(
  alter: (claimed: StoredDocument, before: StoredDocument) => StoredDocument,
): BrokenStorage['sabotage'] {
  return (inner, { now }) => ({
    claim: async (request) => {
      const due = await inner.query({ collection: request.collection, index: 'byDue', to: now() + 1, limit: 1000 });
      const claimed = await inner.claim(request);
      const altered = claimed.map((document) => {
        const before = due.documents.find(({ id }) => id === document.id);
        return before === undefined ? document : alter(document, before);
      });
      await inner.commit(altered.map((document) => ({ kind: 'put', ...document })));
      return altered;
    },
  });
}

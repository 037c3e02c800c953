import type { StorageBackend } from '@chancery/core/ports';
import { alterPuts, type BrokenStorage, type SabotageTools } from './sabotage.ts';

/** Defects of expiry. */
export const expiryDefects: readonly BrokenStorage[] = [
  ...(['get', 'query', 'count', 'claim'] as const).map((method) => ({
    defect: `a ${method} that sees expired documents for one millisecond more`,
    caughtBy: 'expiry is exact to the millisecond',
    sabotage: (inner: StorageBackend, { skewed }: SabotageTools) => ({
      [method]: (argument: never) => skewed(-1, () => inner[method](argument)),
    }),
  })),
  {
    defect: 'conditions that see expired documents for one millisecond more',
    caughtBy: 'to conditions an expired document is absent',
    sabotage: (inner, { skewed }) => ({ commit: (writes) => skewed(-1, () => inner.commit(writes)) }),
  },
  {
    defect: 'conditions that lose documents one millisecond early',
    caughtBy: 'to conditions an expired document is absent',
    sabotage: (inner, { skewed }) => ({ commit: (writes) => skewed(1, () => inner.commit(writes)) }),
  },
  {
    defect: 'instants kept in seconds',
    caughtBy: 'expiry is exact to the millisecond',
    sabotage: (inner) =>
      alterPuts(inner, (put) =>
        put.expiresAt === undefined ? put : { ...put, expiresAt: Math.ceil((put.expiresAt + 1) / 1000) * 1000 },
      ),
  },
  {
    defect: 'a sweep that takes what is about to expire',
    caughtBy: 'sweep removes what has expired',
    sabotage: (inner, { skewed }) => ({ sweep: (limit) => skewed(1, () => inner.sweep(limit)) }),
  },
  {
    defect: 'a sweep past its limit',
    caughtBy: 'sweep removes what has expired',
    sabotage: (inner) => ({ sweep: (limit) => inner.sweep(limit + 1) }),
  },
  {
    defect: 'a sweep that always says that it is done',
    caughtBy: 'sweep removes what has expired',
    sabotage: (inner) => ({ sweep: async (limit) => ({ ...(await inner.sweep(limit)), more: false }) }),
  },
];

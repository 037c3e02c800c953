import { storageConformance, VirtualClock } from '@chancery/core/testing';
import { PostgresStorage } from '@chancery/storage-postgres';
import { describe, it } from 'vitest';
import { seed, soakSize } from '../../core/test/support/soak.ts';
import { noSkips, storeNewerLayout } from './support/conformance.ts';
import { postgresSuite } from './support/postgres-suite.ts';

const suite = postgresSuite();

describe('with server functions', () => {
  const clock = new VirtualClock();
  storageConformance({
    test: it,
    clock,
    createBackend: ({ namespace, clock }) => create({ namespace, clock }),
    storeNewerLayout: (namespace) => storeNewerLayout((text) => suite.pool.query(text), namespace),
    onSkip: noSkips,
    seed: seed(20_261_122),
    scale: soakSize(1, 50),
  });
});

describe('without server functions', () => {
  const clock = new VirtualClock();
  storageConformance({
    test: it,
    clock,
    createBackend: ({ namespace, clock }) => create({ namespace: `plain_${namespace}`, clock, serverFunctions: false }),
    storeNewerLayout: (namespace) => storeNewerLayout((text) => suite.pool.query(text), `plain_${namespace}`),
    onSkip: noSkips,
    seed: seed(20_261_122),
    scale: soakSize(1, 50),
  });
});

type Options = Omit<ConstructorParameters<typeof PostgresStorage>[0], 'pool'>;

function create(options: Options): PostgresStorage {
  // The server of the tests does not sync.
  return new PostgresStorage({ ...options, pool: suite.pool, durability: 'async' });
}

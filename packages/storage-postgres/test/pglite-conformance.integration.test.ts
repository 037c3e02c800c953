import { storageConformance, VirtualClock } from '@chancery/core/testing';
import { PostgresStorage } from '@chancery/storage-postgres';
import { PGlite } from '@electric-sql/pglite';
import { afterAll, beforeAll, it } from 'vitest';
import { noSkips, storeNewerLayout } from './support/conformance.ts';

let pglite: PGlite;
beforeAll(async () => {
  pglite = await PGlite.create();
});
afterAll(() => pglite.close());

const clock = new VirtualClock();
storageConformance({
  test: it,
  clock,
  createBackend: ({ namespace, clock }) => new PostgresStorage({ pglite, namespace, clock }),
  storeNewerLayout: (namespace) => storeNewerLayout((text) => pglite.query(text), namespace),
  onSkip: noSkips,
});

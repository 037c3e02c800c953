import { openAsBlob } from 'node:fs';
import { PostgresStorage } from '@chancery/storage-postgres';
import { PGlite } from '@electric-sql/pglite';
import { inject } from 'vitest';
import { useTestDatabase } from '../../../core/test/support/test-namespaces.ts';

// A setup file: a database in memory for each file of tests. Nothing of it can be kept.
const pglite = await PGlite.create({ loadDataDir: await openAsBlob(inject('pgliteImage')) });

useTestDatabase({
  open: (namespace, clock) => new PostgresStorage({ pglite, namespace, clock }),
  end: () => pglite.close(),
});

import { defineConfig } from 'vitest/config';

// The packages are tested from their sources, without a build: see the `source` condition in their `exports`.
const source = { conditions: ['source'] };
const fromSource = { resolve: source, ssr: { resolve: source } };

/** How long `expect.poll` waits for what has to come. When it comes at once, this costs nothing; the default is one second. */
const patience = { poll: { timeout: 60_000 } };

/** The tests that have a storage under them. The others would only do the same again. */
const onStorage = {
  include: [
    'packages/core/test/{accounts,acme,authority,certificates,events,renewal,store,vault}/**/*.test.ts',
    // Of the handlers, what their instances share.
    'packages/http/test/storage/*.test.ts',
  ],
  exclude: [
    // Neither the offline root, nor the names that a policy allows, nor the declaration of a collection know a storage.
    'packages/core/test/authority/offline-root-*.test.ts',
    'packages/core/test/authority/{policy,rules}/**',
    'packages/core/test/store/collection.test.ts',
    // The layers are two storages already; the conformance kit judges them.
    'packages/core/test/store/layered-storage*.test.ts',
    // Neither the rules for passwords and tokens, nor the vault's format know a storage.
    'packages/core/test/accounts/{passwords,tokens,proofs,rules}/**',
    'packages/core/test/vault/format/**',
    // Nor does the protocol of an ACME server, nor the rules by which a renewal is due.
    'packages/core/test/acme/protocol/**',
    'packages/core/test/{certificates,renewal}/rules/**',
    // What the vault refuses, and what it seals, it does so before storage has a part in it.
    'packages/core/test/vault/{arguments,defects,secrets}.test.ts',
    // What a webhook sends, and where to, does not depend on where its events come from.
    'packages/core/test/events/webhooks/**',
    // What other programs make of a certificate does not depend on where its ledger is.
    '**/*.integration.test.ts',
  ],
};

/** The tests of core on a database: a server for all files, and a setup file that puts it under each. */
const onDatabase = (name: string, { server, setup }: { server?: string; setup: string }, groupOrder: number) => ({
  ...fromSource,
  test: {
    include: onStorage.include,
    exclude: onStorage.exclude,
    name: `on-${name}`,
    // The modules are read once for all files; what a file chooses of them, its setup file chooses anew.
    isolate: false,
    ...(server === undefined ? {} : { globalSetup: [server] }),
    setupFiles: [setup],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: patience,
    sequence: { groupOrder },
  },
});
const postgres = 'packages/storage-postgres/test/core-suite';
const redis = 'packages/storage-redis/test/core-suite';

export default defineConfig({
  test: {
    projects: [
      {
        ...fromSource,
        test: {
          name: 'unit',
          include: ['packages/*/test/**/*.test.ts', 'tooling/test/**/*.test.mjs'],
          exclude: ['**/node_modules/**', '**/*.integration.test.ts'],
          // The modules are read once for all files: that was a good part of the time.
          isolate: false,
          // Ends what hangs; no test waits for it. What takes two seconds on a quiet machine took half a minute on one that others used too.
          testTimeout: 120_000,
          hookTimeout: 120_000,
          expect: patience,
        },
      },
      {
        ...fromSource,
        test: {
          name: 'integration',
          include: ['packages/*/test/**/*.integration.test.ts', 'examples/*/test/**/*.test.ts'],
          // Most of their time they wait for other programs.
          maxWorkers: 2,
          sequence: { groupOrder: 5 },
          testTimeout: 120_000,
          hookTimeout: 120_000,
          expect: patience,
        },
      },
      onDatabase(
        'pglite',
        {
          server: `${postgres}/pglite-image.ts`,
          setup: `${postgres}/on-pglite.ts`,
        },
        1,
      ),
      onDatabase('postgres', { server: `${postgres}/postgres-server.ts`, setup: `${postgres}/on-postgres.ts` }, 2),
      onDatabase('redis', { server: `${redis}/redis-server.ts`, setup: `${redis}/on-redis.ts` }, 3),
      onDatabase('redis-cluster', { server: `${redis}/redis-cluster.ts`, setup: `${redis}/on-redis-cluster.ts` }, 4),
      {
        // The long tests at full size. `unit` runs the same files, bounded: see packages/core/test/support/soak.ts.
        ...fromSource,
        test: {
          name: 'soak',
          include: ['packages/*/test/**/*.soak{,.integration}.test.ts', 'packages/*/test/**/*fuzz*.test.ts'],
          testTimeout: 24 * 60 * 60 * 1000,
          hookTimeout: 120_000,
          expect: patience,
          fileParallelism: false,
        },
      },
    ],
  },
});

import { defineConfig } from 'vitest/config';

// The packages are tested from their sources, without a build: see the `source` condition in their `exports`.
const source = { conditions: ['source'] };
const fromSource = { resolve: source, ssr: { resolve: source } };

export default defineConfig({
  test: {
    projects: [
      {
        ...fromSource,
        test: {
          name: 'unit',
          include: ['packages/*/test/**/*.test.ts', 'tooling/test/**/*.test.mjs'],
          exclude: ['**/node_modules/**', '**/*.integration.test.ts'],
          testTimeout: 30_000,
        },
      },
      {
        ...fromSource,
        test: {
          name: 'integration',
          include: ['packages/*/test/**/*.integration.test.ts', 'examples/*/test/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        // The long tests at full size. `unit` runs the same files, bounded: see packages/core/test/support/soak.ts.
        ...fromSource,
        test: {
          name: 'soak',
          include: ['packages/*/test/**/*.soak.test.ts', 'packages/*/test/**/*fuzz*.test.ts'],
          testTimeout: 24 * 60 * 60 * 1000,
          fileParallelism: false,
        },
      },
    ],
  },
});

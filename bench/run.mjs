// Bundles the bench with the sources that it measures, then starts it on plain Node. The bundler and its settings are the
// ones that build the packages: a loader that compiles file by file adds helper calls to hot functions, which are not shipped.
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const bench = fileURLToPath(new URL('.', import.meta.url));
const cache = join(bench, 'node_modules', '.cache', 'chancery-bench');
const source = (path) => join(bench, '..', 'packages', path);

rmSync(cache, { recursive: true, force: true });
await build({
  entryPoints: [
    'main.ts',
    'children/goal-process.ts',
    'children/peer-process.ts',
    'children/crl-memory.ts',
    'children/vault-memory.ts',
    'children/http-server.ts',
    'children/tls-server.ts',
    'children/tls-memory.ts',
  ].map((file) => join(bench, file)),
  outdir: cache,
  entryNames: '[name]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  conditions: ['source'],
  alias: {
    '@chancery/core/ports': source('core/src/ports/index.ts'),
    '@chancery/core/vault': source('core/src/vault/index.ts'),
    '@chancery/core': source('core/src/index.ts'),
    '@chancery/http': source('http/src/index.ts'),
    '@chancery/storage-memory': source('storage-memory/src/index.ts'),
    '@chancery/storage-postgres': source('storage-postgres/src/index.ts'),
    '@chancery/storage-redis': source('storage-redis/src/index.ts'),
  },
  define: { BENCH_FOLDER: JSON.stringify(bench) },
  logLevel: 'warning',
});

const child = spawn(process.execPath, [join(cache, 'main.js'), ...process.argv.slice(2)], { stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (code) => {
  process.exitCode = code ?? 1;
});

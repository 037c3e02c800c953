import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { StorageBackend } from '../../src/ports/storage.ts';

/** How another process opens a storage: a module with `openStorage`, and what it is called with. */
export interface StorageModule {
  readonly url: string;
  readonly options: Readonly<Record<string, string>>;
}

/** What such a module exports as `openStorage`. The server's own clock counts. */
export type OpenStorage = (options: Readonly<Record<string, string>>) => StorageBackend;

/**
 * What the process is to do. `write`: commit until it is killed. `claim`: lease one job, and finish it when told. `work`: lease
 * jobs and finish them until it is killed. `sequence`: chain events until it is killed; with `waits` it waits before its first
 * commit that chains until it is told to go on.
 */
export type StorageTask =
  | { readonly kind: 'write'; readonly name: string; readonly seed: number }
  | { readonly kind: 'claim'; readonly queue: string; readonly leaseMs: number }
  | { readonly kind: 'work'; readonly queue: string; readonly leaseMs: number; readonly batch: number }
  | SequenceTask;

/** Chaining events. */
export interface SequenceTask {
  readonly kind: 'sequence';
  readonly waits?: boolean;
}

/** What the process tells. */
export type StorageReport =
  | { readonly kind: 'trying'; readonly batch: number }
  | { readonly kind: 'acknowledged'; readonly batch: number }
  | { readonly kind: 'claimed'; readonly id: string }
  | { readonly kind: 'finished'; readonly committed: boolean }
  | { readonly kind: 'leased'; readonly ids: readonly string[] }
  | { readonly kind: 'done twice'; readonly id: string }
  | { readonly kind: 'chaining' }
  | { readonly kind: 'chained'; readonly committed: boolean; readonly size: number; readonly chainHash: string };

const WORKSPACE = fileURLToPath(new URL('../../../../', import.meta.url));
const MAIN = fileURLToPath(new URL('./storage-process-main.ts', import.meta.url));

/** Starts a process that works on a storage. */
export function startStorageProcess(module: StorageModule, task: StorageTask): ChildProcess {
  const child = fork(MAIN, [JSON.stringify({ module, task })], {
    cwd: WORKSPACE,
    execArgv: ['--conditions=source', '--import', 'tsx'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
  return child;
}

/**
 * The next report of a process.
 *
 * @throws {Error} The process ended first.
 */
export async function nextReport(child: ChildProcess): Promise<StorageReport> {
  const over = new AbortController();
  try {
    return await Promise.race([
      once(child, 'message', { signal: over.signal }).then(([report]) => report as StorageReport),
      once(child, 'exit', { signal: over.signal }).then(([code, by]) => {
        throw new Error(`the process ended with ${by ?? code} before its report`);
      }),
    ]);
  } finally {
    over.abort();
  }
}

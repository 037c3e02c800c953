import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Pebble, startPebble } from './pebble.ts';
import type { StorageModule } from './storage-process.ts';
import { testCsr } from './test-keys.ts';

/** What a process with an issuer is started with. */
export interface AcmeProcessSettings {
  /** URL of a module with `openStorage`, and what it is called with. */
  readonly module: string;
  readonly options: Readonly<Record<string, string>>;
  readonly directory: string;
  readonly trustAnchorsPem: string;
  /** The keyring's, hex. */
  readonly key: string;
}

/** What it is told. With `hangAt` it tells `hangs` at the first exchange with such a URL, and waits for ever. */
export type AcmeTask =
  | { readonly kind: 'respond'; readonly port: number }
  | {
      readonly kind: 'order';
      readonly requestId: string;
      readonly csr: string;
      readonly names: readonly string[];
      readonly hangAt?: string;
    };

interface Report {
  readonly kind: 'ready' | 'done' | 'failed' | 'hangs';
  readonly chainPem?: string;
  readonly orders?: number;
  readonly message?: string;
}

const MAIN = fileURLToPath(new URL('./acme-process-main.ts', import.meta.url));
const WORKSPACE = fileURLToPath(new URL('../../../../', import.meta.url));
const LEASE_MS = 120_000;

/** Says that processes on one server's storage get certificates together. */
export function acmeProcesses(start: () => Promise<{ readonly module: StorageModule; stop(): Promise<void> }>): void {
  describe('processes that share a storage', () => {
    let server: Awaited<ReturnType<typeof start>>;
    let pebble: Pebble;
    const children = new Set<ChildProcess>();

    beforeAll(async () => {
      [server, pebble] = await Promise.all([start(), startPebble()]);
    });

    afterEach(async () => {
      await Promise.all([...children].map(kill));
    });

    afterAll(async () => {
      await pebble.stop();
      await server.stop();
    });

    async function launch(options: Readonly<Record<string, string>> = {}): Promise<ChildProcess> {
      const { directory, trustAnchorsPem } = pebble;
      const settings: AcmeProcessSettings = {
        module: server.module.url,
        options: { ...server.module.options, ...options },
        directory,
        trustAnchorsPem,
        key: '07'.repeat(32),
      };
      const child = fork(MAIN, [JSON.stringify(settings)], {
        cwd: WORKSPACE,
        execArgv: ['--conditions=source', '--import', 'tsx'],
      });
      children.add(child);
      expect(await next(child)).toMatchObject({ kind: 'ready' });
      return child;
    }

    async function kill(child: ChildProcess): Promise<void> {
      children.delete(child);
      const exited = once(child, 'exit');
      if (child.kill('SIGKILL')) await exited;
    }

    async function taskFor(name: string, hangAt?: string): Promise<AcmeTask> {
      const csr = Buffer.from(await testCsr({ names: [name] })).toString('base64');
      return { kind: 'order', requestId: name, csr, names: [name], ...(hangAt !== undefined && { hangAt }) };
    }

    it('S4-19: one answers the challenge that the other has ordered, and both give the same certificate', async () => {
      const [answering, ordering] = await Promise.all([launch(), launch()]);
      expect(await ask(answering, { kind: 'respond', port: pebble.httpPort })).toEqual({ kind: 'done' });
      const task = await taskFor('two.example');
      const first = await ask(ordering, task);
      expect(first).toMatchObject({ kind: 'done', orders: 1 });
      expect(await ask(answering, task)).toMatchObject({ kind: 'done', chainPem: first.chainPem, orders: 0 });
      const both = await taskFor('both.example');
      const [one, other] = await Promise.all([ask(answering, both), ask(ordering, both)]);
      expect(one.chainPem).toMatch(/^-----BEGIN CERTIFICATE/);
      expect(other.chainPem).toBe(one.chainPem);
      expect((one.orders ?? 0) + (other.orders ?? 0)).toBe(2);
    });

    it.each(['/chalZ/', '/finalize-order/'])('one killed at %s leaves its order to another', async (path) => {
      const name = `${path.replaceAll(/[^a-z]/gi, '').toLowerCase()}.example`;
      // By its clock, the lease of the one that is killed has ended.
      const [doomed, heir] = await Promise.all([launch(), launch({ clockAheadMs: String(LEASE_MS + 10_000) })]);
      expect(await ask(heir, { kind: 'respond', port: pebble.httpPort })).toEqual({ kind: 'done' });
      expect(await ask(doomed, await taskFor(name, path))).toEqual({ kind: 'hangs' });
      await kill(doomed);
      expect(await ask(heir, await taskFor(name))).toMatchObject({ kind: 'done', orders: 0 });
    });
  });
}

async function ask(child: ChildProcess, task: AcmeTask): Promise<Report> {
  const report = next(child);
  child.send(task);
  return report;
}

async function next(child: ChildProcess): Promise<Report> {
  const over = new AbortController();
  try {
    return await Promise.race([
      once(child, 'message', { signal: over.signal }).then(([report]) => report as Report),
      once(child, 'exit', { signal: over.signal }).then(([code, by]) => {
        throw new Error(`the process ended with ${by ?? code} before its report`);
      }),
    ]);
  } finally {
    over.abort();
  }
}

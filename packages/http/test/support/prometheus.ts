import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { freePort } from '../../../core/test/support/free-ports.ts';
import { tool } from '../../../core/test/support/tools.ts';

/** A Prometheus of one's own. */
export interface Prometheus {
  /** Asks for what the HTTP API has at a path, and gives `data` of the answer. */
  // biome-ignore lint/suspicious/noExplicitAny: its shape is for the caller to judge
  get(path: string, query?: Record<string, string>): Promise<any>;
  /** Asks until what is asked for is there. */
  until<T>(look: (prometheus: Prometheus) => Promise<T | undefined>): Promise<T>;
  close(): Promise<void>;
}

/** How long something may take to be there. It is waited for no longer than until it is. */
const PATIENCE_MS = 90_000;

/** Starts Prometheus on files of a folder of its own, and waits until it is ready. */
export async function startPrometheus(files: Readonly<Record<string, string>>): Promise<Prometheus> {
  const folder = await mkdtemp(join(tmpdir(), 'chancery-prometheus-'));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  const port = await freePort();
  const child = spawn(
    tool('prometheus'),
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=error',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let complaints = '';
  child.stderr.on('data', (text) => {
    complaints += text;
  });
  const ended = once(child, 'exit');
  const prometheus: Prometheus = {
    async get(path, query = {}) {
      const answer = await fetch(`http://127.0.0.1:${port}${path}?${new URLSearchParams(query)}`);
      const text = await answer.text();
      if (!answer.ok) throw new Error(`${path} ${JSON.stringify(query)}: ${answer.status} ${text}`);
      return text.startsWith('{') ? JSON.parse(text).data : text;
    },
    async until(look) {
      const deadline = Date.now() + PATIENCE_MS;
      while (Date.now() < deadline) {
        if (child.exitCode !== null) throw new Error(`Prometheus has ended: ${complaints}`);
        const found = await look(prometheus).catch(() => undefined);
        if (found !== undefined) return found;
        await wait(100);
      }
      throw new Error(`Prometheus has not found it: ${complaints}`);
    },
    async close() {
      child.kill('SIGKILL');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
  await prometheus.until(async () => (String(await prometheus.get('/-/ready')).includes('Ready') ? true : undefined));
  return prometheus;
}

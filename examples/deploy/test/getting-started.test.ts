import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../../packages/core/test/support/free-ports.ts';

const WORKSPACE = fileURLToPath(new URL('../../../', import.meta.url));
const GUIDE = join(WORKSPACE, 'docs/getting-started.md');

let folder: string;
let port: number;

/** The program of the guide, to the letter but for its port, in a folder of its own. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chancery-guide-'));
  const [, program = ''] = /^```ts\n(.*?)^```/ms.exec(await readFile(GUIDE, 'utf8')) ?? [];
  port = await freePort();
  await writeFile(join(folder, 'app.ts'), program.replaceAll('8443', String(port)));
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  await mkdir(join(folder, 'node_modules/@chancery'), { recursive: true });
  for (const name of ['core', 'storage-postgres']) {
    await symlink(join(WORKSPACE, 'packages', name), join(folder, 'node_modules/@chancery', name));
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Starts the program, waits until it listens, lets something happen, and stops it as a terminal would. */
async function whileItRuns(happens: (lines: readonly string[]) => Promise<void>): Promise<void> {
  const argv = ['--conditions=source', '--import', import.meta.resolve('tsx'), 'app.ts'];
  const child = spawn(process.execPath, argv, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  const lines: string[] = [];
  const exited = once(child, 'exit');
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => lines.push(line));
  }
  try {
    const deadline = Date.now() + 180_000;
    while (!lines.includes(`https://localhost:${port}`)) {
      if (child.exitCode !== null || Date.now() > deadline) throw new Error(lines.join('\n'));
      await setTimeout(20);
    }
    await happens(lines);
  } finally {
    child.kill('SIGINT');
  }
  expect([await exited, lines]).toEqual([[0, null], expect.anything()]);
}

async function generation(): Promise<number> {
  const ca = await readFile(join(folder, 'root.pem'));
  const [response] = await once(get({ host: 'localhost', port, ca, agent: false }), 'response');
  const chunks: Buffer[] = await response.toArray();
  return Number(/^generation (\d+), until \d{4}-/.exec(Buffer.concat(chunks).toString())?.[1]);
}

describe('docs/getting-started.md', () => {
  // Two starts and a renewal, each of which may take as long as a slow machine needs.
  it('serves, renews before the eyes of its reader, and goes on after a restart', { timeout: 600_000 }, async () => {
    let last = 0;
    await whileItRuns(async (lines) => {
      const first = await generation();
      expect(first).toBeGreaterThanOrEqual(1);
      const deadline = Date.now() + 240_000;
      do {
        await setTimeout(500);
        last = await generation();
      } while (!(last > first && lines.some((line) => line.endsWith('certificate.renewed'))) && Date.now() < deadline);
      expect(last).toBeGreaterThan(first);
      expect(lines.join('\n')).toMatch(/^\S+Z certificate\.renewed$/m);
    });
    const files = (await readdir(folder)).filter((name) => /keyring|root/.test(name)).sort();
    expect(files).toEqual(['keyring.json', 'root.chancery', 'root.pem']);
    const modes = ['keyring.json', 'root.chancery'].map(async (name) => (await stat(join(folder, name))).mode & 0o777);
    expect(await Promise.all(modes)).toEqual([0o600, 0o600]);

    const root = await readFile(join(folder, 'root.pem'), 'utf8');
    await whileItRuns(async () => expect(await generation()).toBeGreaterThanOrEqual(last));
    expect(await readFile(join(folder, 'root.pem'), 'utf8')).toBe(root);
  });
});

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { OfflineRoot } from '@chancery/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePorts } from '../../../packages/core/test/support/free-ports.ts';
import { type RedisServer, startRedis } from '../../../packages/storage-redis/test/support/redis-server.ts';

const WORKSPACE = fileURLToPath(new URL('../../../', import.meta.url));
const PASSPHRASE = 'fifteen characters or more';

let folder: string;
let redis: RedisServer;
let environment: Record<string, string>;
const running: ChildProcess[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chancery-instance-'));
  redis = await startRedis();
  const [port, mtlsPort, metricsPort] = await freePorts(3);
  environment = {
    CHANCERY_ORIGIN: 'https://app.example',
    CHANCERY_STORAGE_FILE: join(folder, 'storage-url'),
    CHANCERY_KEYRING_FILE: join(folder, 'keyring.json'),
    CHANCERY_ADDRESS: '127.0.0.1',
    CHANCERY_LOG_LEVEL: 'error',
    CHANCERY_PORT: String(port),
    CHANCERY_MTLS_PORT: String(mtlsPort),
    CHANCERY_METRICS_PORT: String(metricsPort),
    CHANCERY_TLS_FOLDER: join(folder, 'tls'),
    CHANCERY_TLS_TRAEFIK: join(folder, 'tls/traefik.yaml'),
    CHANCERY_TLS_RELOAD: `touch ${join(folder, 'reloaded')}`,
  };
  await writeFile(join(folder, 'storage-url'), `${redis.url}\n`);
  await writeFile(join(folder, 'passphrase'), `${PASSPHRASE}\n`);
});
afterAll(async () => {
  await Promise.all(running.map(end));
  await redis?.kill();
  await rm(folder, { recursive: true, force: true });
});

/** A program of the example, as its units and containers start it. */
function start(program: string, ...args: string[]): { child: ChildProcess; ended: Promise<[number, string]> } {
  const file = `examples/deploy/src/${program}`;
  const argv = ['--conditions=source', '--import', 'tsx', file, ...args];
  const env = { PATH: process.env.PATH, ...environment };
  const child = spawn(process.execPath, argv, { cwd: WORKSPACE, env, stdio: ['ignore', 'pipe', 'pipe'] });
  running.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  return { child, ended: once(child, 'close').then(([code]) => [code, output]) };
}

/** Of a program that has ended already nothing more is to be waited for. */
async function end(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  if (child.kill('SIGKILL')) await exited;
}

const run = (program: string, ...args: string[]) => start(program, ...args).ended;
const exists = (name: string) => stat(join(folder, name)).then(Boolean, () => false);

/** Resolves once something is there; fails as soon as the program has ended without it. */
async function until(ended: Promise<[number, string]>, holds: () => Promise<boolean>): Promise<void> {
  let outcome: [number, string] | undefined;
  void ended.then((end) => {
    outcome = end;
  });
  while (!(await holds())) {
    if (outcome !== undefined) throw new Error(`ended with ${outcome.join(': ')}`);
    await setTimeout(50);
  }
}

async function get(path: string): Promise<number> {
  return fetch(`http://127.0.0.1:${environment.CHANCERY_PORT}${path}`).then(
    ({ status }) => status,
    () => 0,
  );
}

// Each test starts several programs, one after another.
describe('an instance', { timeout: 600_000 }, () => {
  it('is refused without a keyring, and is set up once', async () => {
    expect(await run('main.ts')).toEqual([1, expect.stringContaining('CHANCERY_KEYRING_FILE cannot be read: ENOENT')]);
    expect(await run('make-keyring.ts', join(folder, 'keyring.json'))).toEqual([0, '']);

    const root = ['--root', join(folder, 'root.chancery'), '--passphrase-file', join(folder, 'passphrase')];
    const setUp = () => run('set-up.ts', ...root, '--names', 'app.example, mtls.app.example', '--admin', 'ann');
    const [code, output] = await setUp();
    expect([code, output]).toEqual([0, expect.stringMatching(/ann logs in with [\w-]{27}\n$/)]);
    expect(output).not.toContain('PRIVATE KEY');
    const file = await readFile(join(folder, 'root.chancery'));
    (await OfflineRoot.open(file, PASSPHRASE)).close();

    const [again, refusal] = await setUp();
    expect([again, refusal]).toEqual([1, expect.stringContaining('AUTHORITY_EXISTS')]);
    expect(await readFile(join(folder, 'root.chancery'))).toEqual(file);
  });

  it('writes the files of the proxy, answers, and ends in good order', async () => {
    const files = start('export-files.ts');
    await until(files.ended, () => exists('reloaded'));
    const traefik = await readFile(join(folder, 'tls/traefik.yaml'), 'utf8');
    expect(traefik).toContain('rule: Host(`mtls.app.example`)');
    expect(((await stat(join(folder, 'tls/web/key.pem'))).mode & 0o777).toString(8)).toBe('600');
    files.child.kill('SIGTERM');
    expect(await files.ended).toEqual([0, '']);

    const { child, ended } = start('main.ts');
    await until(ended, async () => (await get('/readyz')) === 200);
    expect([await get('/healthz'), await get('/pki/trust-anchors.pem'), await get('/accounts')]).toEqual([
      200, 200, 401,
    ]);
    const metrics = await fetch(`http://127.0.0.1:${environment.CHANCERY_METRICS_PORT}/metrics`);
    expect([metrics.status, await get('/metrics')]).toEqual([200, 404]);
    expect(await metrics.text()).toMatch(/^chancery_http_requests_total\{.*route="\/readyz".*\} \d+$/m);
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, expect.stringMatching(/^listening on 127\.0\.0\.1, ports \d+, \d+, \d+\n$/)]);
  });
});

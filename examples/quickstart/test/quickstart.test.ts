import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { OfflineRoot } from '@chancery/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tool } from '../../../packages/core/test/support/tools.ts';

const run = promisify(execFile);
const WORKSPACE = fileURLToPath(new URL('../../../', import.meta.url));
const FILES = [
  'billing-revoked.key',
  'billing-revoked.pem',
  'billing.key',
  'billing.pem',
  'crl.pem',
  'intermediate.pem',
  'orders.key',
  'orders.pem',
  'root.chancery',
  'root.passphrase',
  'root.pem',
];

/** Runs the quickstart as its users do, in a temporary folder and with the programs of a given path. */
async function quickstart(parent: string, path: string): Promise<{ story: string; folder: string }> {
  const argv = ['--conditions=source', '--import', 'tsx', 'examples/quickstart/src/main.ts'];
  const env = { ...process.env, PATH: path, TMPDIR: parent, TEMP: parent, TMP: parent };
  const { stdout } = await run(process.execPath, argv, { cwd: WORKSPACE, env });
  const [name, ...more] = await readdir(parent).then((names) =>
    names.filter((entry) => entry.startsWith('chancery-demo-')),
  );
  expect(more).toEqual([]);
  return { story: stdout, folder: join(parent, name ?? '') };
}

describe('quickstart', () => {
  let parent: string;
  let story: string;
  let folder: string;
  const file = (name: string) => join(folder, name);
  const verify = (...certificates: string[]) => {
    const trust = ['-CAfile', 'root.pem', '-untrusted', 'intermediate.pem', '-crl_check_all', '-CRLfile', 'crl.pem'];
    return run(tool('openssl'), ['verify', '-x509_strict', ...trust, ...certificates], { cwd: folder });
  };

  beforeAll(async () => {
    parent = await mkdtemp(join(tmpdir(), 'chancery-test-'));
    const path = [dirname(tool('openssl')), process.env.PATH].join(delimiter);
    ({ story, folder } = await quickstart(parent, path));
  });
  afterAll(() => rm(parent, { recursive: true, force: true }));

  it('tells of an exchange in both directions, a refusal, and a recovery', () => {
    expect(story).toContain('orders:  openssl made key and CSR');
    const calls = story.split('\n').filter((line) => line.includes(' -> '));
    expect(calls.map((line) => line.trim())).toEqual([
      'orders -> billing: billing.internal greets orders.internal',
      'billing -> orders: orders.internal greets billing.internal',
      'billing -> orders: refused, certificate revoked',
      'orders -> billing: refused, certificate revoked',
      'orders -> orders:  orders.internal greets orders.internal',
      'billing -> orders: orders.internal greets billing.internal',
      'orders -> billing: billing.internal greets orders.internal',
    ]);
  });

  it('draws the tree with serial numbers, dates and states', async () => {
    const rows = story.split('\n').filter((line) => /\d{4}-\d\d-\d\d to \d{4}-\d\d-\d\d/.test(line));
    const states = rows.map((line) => [
      line.trim().split(/\s{3}/)[0],
      line
        .trim()
        .split(/\s{3,}/)
        .at(-1),
    ]);
    expect(states).toEqual([
      ['CN=Example Root CA,O=Example', 'offline'],
      ['└─ CN=Example Issuing CA,O=Example', 'active'],
      ['├─ orders.internal (peer)', 'valid'],
      ['├─ billing.internal (peer)', 'revoked: keyCompromise'],
      ['└─ billing.internal (peer)', 'valid'],
    ]);
    for (const [name, row] of [
      ['root.pem', rows[0]],
      ['intermediate.pem', rows[1]],
      ['orders.pem', rows[2]],
    ] as const) {
      const { stdout } = await run(tool('openssl'), ['x509', '-noout', '-serial', '-in', file(name)]);
      const serialNumber = stdout.trim().replace('serial=', '').toLowerCase();
      expect(row).toContain(`${serialNumber.slice(0, 12)}…`);
    }
  });

  it('leaves the files that it names, secrets for their owner only', async () => {
    expect((await readdir(folder)).sort()).toEqual(FILES);
    for (const name of FILES) expect(story).toContain(`${name} `);
    const secrets = FILES.filter((name) => /\.(key|chancery|passphrase)$/.test(name));
    const modes = await Promise.all(secrets.map(async (name) => [name, (await stat(file(name))).mode & 0o077]));
    if (process.platform !== 'win32') expect(modes).toEqual(secrets.map((name) => [name, 0]));
  });

  it('shows no secret, and no color where nobody looks', async () => {
    expect(story).not.toContain('PRIVATE KEY');
    expect(story).not.toContain(await readFile(file('root.passphrase'), 'utf8'));
    expect(story).not.toContain('\x1b');
  });

  it('satisfies OpenSSL with what is valid, and not with what is revoked', async () => {
    const { stdout } = await verify('orders.pem', 'billing.pem', 'intermediate.pem');
    expect(stdout).toBe('orders.pem: OK\nbilling.pem: OK\nintermediate.pem: OK\n');
    await expect(verify('billing-revoked.pem')).rejects.toThrow(/certificate revoked/);
    expect(story).toContain('openssl verify -x509_strict -CAfile root.pem');
  });

  it('leaves a root that opens, knows its intermediate, and has another key than the services', async () => {
    const root = await OfflineRoot.open(
      await readFile(file('root.chancery')),
      await readFile(file('root.passphrase'), 'utf8'),
    );
    expect(root.certificatePem).toBe(await readFile(file('root.pem'), 'utf8'));
    expect(root.issued.map(({ certificatePem }) => certificatePem)).toEqual([
      await readFile(file('intermediate.pem'), 'utf8'),
    ]);
    root.close();
    const keys = await Promise.all(
      ['orders', 'billing', 'billing-revoked'].map((name) => readFile(file(`${name}.key`), 'utf8')),
    );
    expect(new Set(keys).size).toBe(3);
  });

  it('generates the key itself where there is no openssl', async () => {
    const empty = await mkdtemp(join(parent, 'no-openssl-'));
    const other = await quickstart(empty, empty);
    expect(other.story).toContain('there is no openssl command here');
    expect(other.story).toContain('billing -> orders: refused, certificate revoked');
    expect((await readdir(other.folder)).sort()).toEqual(FILES);
  });
});

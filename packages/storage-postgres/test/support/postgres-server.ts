import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { accessSync, chownSync, constants, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Pool, type PoolConfig } from 'pg';
import { freePort } from '../../../core/test/support/free-ports.ts';

export interface PostgresServerOptions {
  /** Whether what is acknowledged survives SIGKILL. Default false, which is faster. */
  readonly fsync?: boolean;
  /** Further settings, as `-c` takes them. */
  readonly settings?: readonly string[];
  /** Default UTF8. */
  readonly encoding?: string;
}

/** A PostgreSQL server of a test's own on a free loopback port, with a folder of its own. */
export class PostgresServer {
  readonly port: number;
  readonly #folder: string;
  readonly #options: PostgresServerOptions;
  readonly #pools = new Set<Pool>();
  #process: ChildProcess | undefined;
  #log = '';

  private constructor(folder: string, port: number, options: PostgresServerOptions) {
    this.#folder = folder;
    this.port = port;
    this.#options = options;
  }

  /** @throws {Error} The programs of PostgreSQL are not on this machine; the message says what brings them. */
  static async start(options: PostgresServerOptions = {}): Promise<PostgresServer> {
    const folder = mkdtempSync(join(tmpdir(), 'chancery-postgres-'));
    const owner = serverUser();
    if (owner !== undefined) chownSync(folder, owner.uid, owner.gid);
    const { encoding = 'UTF8' } = options;
    const args = [
      '-D',
      join(folder, 'data'),
      '-U',
      'postgres',
      '-A',
      'trust',
      '-E',
      encoding,
      '--locale=C',
      '--no-sync',
    ];
    execFileSync(postgresProgram('initdb'), args, { cwd: folder, stdio: 'pipe', ...owner });
    const server = new PostgresServer(folder, await freePort(), options);
    await server.restart();
    return server;
  }

  /** A standby that follows this server. */
  async replica(): Promise<PostgresServer> {
    const folder = mkdtempSync(join(tmpdir(), 'chancery-replica-'));
    const owner = serverUser();
    if (owner !== undefined) chownSync(folder, owner.uid, owner.gid);
    const source = ['-h', '127.0.0.1', '-p', String(this.port), '-U', 'postgres'];
    const args = [...source, '-D', join(folder, 'data'), '-R', '-X', 'stream', '-c', 'fast', '--no-sync'];
    execFileSync(postgresProgram('pg_basebackup'), args, { cwd: folder, stdio: 'pipe', ...owner });
    const server = new PostgresServer(folder, await freePort(), this.#options);
    await server.restart();
    return server;
  }

  get url(): string {
    return `postgres://postgres@127.0.0.1:${this.port}/postgres`;
  }

  /** A pool on this server, ended with it. */
  pool(config: PoolConfig = {}): Pool {
    const pool = new Pool({ connectionString: this.url, max: 12, ...config });
    pool.on('error', () => undefined);
    this.#pools.add(pool);
    return pool;
  }

  /** Starts the server again on the same data, and waits until it answers. */
  async restart(): Promise<void> {
    // After a kill, the processes that the server left keep its memory for a moment: then it does not start.
    for (let attempt = 0; attempt < 100; attempt++) {
      const child = this.#spawn();
      if (await this.#answers(child)) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`PostgreSQL does not start:\n${this.#log}`);
  }

  #spawn(): ChildProcess {
    const durable = this.#options.fsync ? [] : ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off'];
    // As many workers as the machine has cores, with a pool each.
    const settings = [...durable, 'max_connections=300', ...(this.#options.settings ?? [])].flatMap((one) => [
      '-c',
      one,
    ]);
    const args = ['-D', join(this.#folder, 'data'), '-h', '127.0.0.1', '-p', String(this.port), '-k', this.#folder];
    const child = spawn(postgresProgram('postgres'), [...args, ...settings], {
      cwd: this.#folder,
      stdio: ['ignore', 'ignore', 'pipe'],
      ...serverUser(),
    });
    child.stderr?.on('data', (text: Buffer) => {
      this.#log = (this.#log + text.toString()).slice(-5000);
    });
    const end = () => child.kill('SIGKILL');
    process.once('exit', end);
    child.once('exit', () => process.off('exit', end));
    this.#process = child;
    return child;
  }

  /** @returns `false`: it ended before it answered */
  async #answers(child: ChildProcess): Promise<boolean> {
    for (let attempt = 0; attempt < 1200; attempt++) {
      if (child.exitCode !== null || child.signalCode !== null) return false;
      const client = new Client({ connectionString: this.url });
      client.on('error', () => undefined);
      try {
        await client.connect();
        await client.query('SELECT 1');
        return true;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 50));
      } finally {
        await client.end().catch(() => undefined);
      }
    }
    throw new Error(`PostgreSQL does not answer:\n${this.#log}`);
  }

  /** Ends the server with all its processes at once, whatever they are about, and waits until they are gone. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (child?.pid === undefined) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    // Stopped, it starts none that would be overlooked.
    child.kill('SIGSTOP');
    const sessions = childrenOf(child.pid);
    // Left alone, they would end what they had begun before they notice that the server is gone.
    for (const pid of sessions) killQuietly(pid);
    child.kill('SIGKILL');
    await ended;
    // Until then they may still write to its folder.
    while (sessions.some(isAlive)) await new Promise((resolve) => setTimeout(resolve, 10));
    this.#process = undefined;
  }

  /** Runs a client program of PostgreSQL against this server. */
  client(program: string, args: readonly string[], input?: string): string {
    return execFileSync(
      postgresProgram(program),
      ['-h', '127.0.0.1', '-p', String(this.port), '-U', 'postgres', ...args],
      {
        encoding: 'utf8',
        maxBuffer: 1 << 28,
        stdio: 'pipe',
        ...(input !== undefined && { input }),
      },
    );
  }

  /** @param options.keep - leaves the data for a look at what went wrong */
  async stop(options: { readonly keep?: boolean } = {}): Promise<void> {
    for (const pool of this.#pools) await pool.end().catch(() => undefined);
    const child = this.#process;
    if (child?.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGINT');
      // At once, but not before its processes are gone: they write to its folder.
      const late = setTimeout(() => child.kill('SIGQUIT'), 20_000);
      await ended;
      clearTimeout(late);
    }
    if (options.keep) console.warn(`The data of this server is kept in ${this.#folder}`);
    else rmSync(this.#folder, { recursive: true, force: true });
  }
}

const UNPACKED = fileURLToPath(new URL('../../../../node_modules/.cache/test-tools/bin', import.meta.url));

/** The path of a program of PostgreSQL: in TEST_POSTGRES_BIN, where Debian puts them, on PATH, or where `npm test` unpacked it. */
export function postgresProgram(name: string): string {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((left, right) => Number(right) - Number(left)) : [];
  const folders = [
    ...(process.env.TEST_POSTGRES_BIN ? [process.env.TEST_POSTGRES_BIN] : []),
    ...versions.map((version) => join(debian, version, 'bin')),
    ...(process.env.PATH ?? '').split(delimiter),
    UNPACKED,
  ];
  const found = folders.map((folder) => join(folder, name)).find(isProgram);
  if (found !== undefined) return found;
  throw new Error(`missing: ${name} (Debian: postgresql). Install it, or name its folder in TEST_POSTGRES_BIN.`);
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function childrenOf(parent: number): number[] {
  const table = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' });
  const rows = table.split('\n').map((line) => line.trim().split(/\s+/).map(Number));
  return rows.filter(([, ppid]) => ppid === parent).map(([pid]) => pid as number);
}

/** Whether a process has yet to end. One that has may be listed for as long as nobody asks what became of it. */
function isAlive(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return stdout.trim() !== '' && !stdout.trim().startsWith('Z');
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

/** PostgreSQL refuses root: then it runs as `postgres`, or as `nobody`. */
function serverUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    try {
      const id = (flag: string) => Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: 'pipe' }));
      return { uid: id('-u'), gid: id('-g') };
    } catch {
      // The next name may be known.
    }
  }
  throw new Error('PostgreSQL cannot run as root, and there is neither a user postgres nor nobody');
}

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from '../../../core/test/support/free-ports.ts';

/** A Redis server of the tests' own, on a free loopback port with its data in a temporary folder. */
export interface RedisServer {
  readonly port: number;
  readonly url: string;
  readonly folder: string;
  readonly process: ChildProcess;
  /** Stops the server and removes its data. */
  stop(): Promise<void>;
  /** Kills the server at once, and leaves its data. */
  kill(): Promise<void>;
}

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/**
 * Starts a server.
 *
 * @param settings - further settings, as words of the command line
 * @param place - port and folder of a server that was killed, to start it again
 */
export async function startRedis(
  settings: readonly string[] = [],
  place?: { readonly port: number; readonly folder: string },
): Promise<RedisServer> {
  const port = place?.port ?? (await freePort());
  const folder = place?.folder ?? mkdtempSync(join(tmpdir(), 'chancery-redis-'));
  const child = await launch(
    [
      '--port',
      String(port),
      '--bind',
      '127.0.0.1',
      '--dir',
      folder,
      '--save',
      '',
      // From memory to memory: a child of the server that wrote a file for it would outlive the server.
      '--repl-diskless-sync',
      'yes',
      '--repl-diskless-sync-delay',
      '0',
      ...settings,
    ],
    /Ready to accept connections/,
  );
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    folder,
    process: child,
    kill: () => end(child),
    stop: async () => {
      // Asked politely, a server waits for its replicas.
      await end(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Starts redis-server, as a server or a sentinel, and waits for a line of its log. */
export async function launch(words: readonly string[], ready: RegExp): Promise<ChildProcess> {
  const child = spawn(program(), words, { stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  let log = '';
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`redis-server ended with ${code}:\n${log}`)));
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        log = (log + chunk).slice(-10_000);
        if (ready.test(log)) resolve();
      });
    }
  });
  return child;
}

/** Kills what `launch` started, and waits until it is gone: only then does it write to its folder no more. */
export async function end(child: ChildProcess): Promise<void> {
  running.delete(child);
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

function program(): string {
  return process.env.TEST_REDIS_SERVER ?? 'redis-server';
}

/** Three masters that share the slots. */
export interface RedisCluster {
  readonly nodes: readonly RedisServer[];
  stop(): Promise<void>;
}

/** Starts a cluster of three, and waits until every node takes it for whole. */
export async function startCluster(): Promise<RedisCluster> {
  // No node is ever to fail here: on a busy machine one may stand still for seconds, and the others would refuse all commands.
  const settings = [
    '--cluster-enabled',
    'yes',
    '--cluster-node-timeout',
    '60000',
    '--cluster-announce-ip',
    '127.0.0.1',
  ];
  const nodes = await Promise.all([0, 1, 2].map(() => startRedis(settings)));
  const clients = nodes.map(({ port }) => new Redis(port, '127.0.0.1'));
  const ranges = [
    [0, 5460],
    [5461, 10_922],
    [10_923, 16_383],
  ] as const;
  try {
    for (const [at, client] of clients.entries()) {
      const [first, last] = ranges[at] as readonly [number, number];
      await client.call('CLUSTER', 'ADDSLOTSRANGE', first, last);
      await client.call('CLUSTER', 'SET-CONFIG-EPOCH', at + 1);
    }
    for (const { port } of nodes.slice(1)) await clients[0]?.call('CLUSTER', 'MEET', '127.0.0.1', port);
    await until(async () => {
      const infos = await Promise.all(clients.map((client) => client.call('CLUSTER', 'INFO')));
      return infos.every((info) => /cluster_state:ok/.test(String(info)) && /cluster_known_nodes:3/.test(String(info)));
    });
  } finally {
    for (const client of clients) client.disconnect();
  }
  return { nodes, stop: async () => void (await Promise.all(nodes.map((node) => node.stop()))) };
}

/** Looks again and again until something holds, for a minute at least. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let look = 0; look < 3000; look++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('what was waited for did not come in a minute');
}

import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventLog, LocalKeyring } from '@chancery/core';
import { SeededRandom } from '@chancery/core/testing';
import { RedisStorage } from '@chancery/storage-redis';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, it } from 'vitest';
import { freePort } from '../../core/test/support/free-ports.ts';
import { audit } from './support/audit.ts';
import { clientFor, type Library } from './support/clients.ts';
import { JOBS, put, ref } from './support/documents.ts';
import { end, launch, type RedisServer, startRedis, until } from './support/redis-server.ts';

const LIBRARIES: readonly Library[] = ['ioredis', 'node-redis'];
const DURABLE = ['--appendonly', 'yes', '--appendfsync', 'always'];
const SEED = 20_261_122;
/** For answers that come, longer than a busy machine stands still. */
const PATIENT_MS = 30_000;
/** Of a master that is gone. Before, no pause of a busy machine may pass for its end. */
const DOWN_AFTER_MS = 500;
const NEVER_DOWN_MS = 600_000;
const cleanUps: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

function storage(library: Library, url: string): RedisStorage {
  const made = new RedisStorage({ client: clientFor(library, url), timeoutMs: PATIENT_MS });
  cleanUps.push(() => made.close());
  return made;
}

function commandOf(server: RedisServer) {
  const admin = new Redis(server.url);
  admin.on('error', () => undefined);
  cleanUps.push(() => admin.disconnect());
  return { command: (_key: string, name: string, ...words: string[]) => admin.call(name, ...words) };
}

/** Commits from several callers until told to stop; gives the version of each document whose commit was acknowledged. */
function commits(backend: RedisStorage, random: SeededRandom, callers: number) {
  const acknowledged = new Map<string, string>();
  let running = true;
  const work = async (caller: number) => {
    for (let at = 0; running; at++) {
      const id = `${caller}-${at}`;
      const rank = random.integer(0, 99);
      const owner = random.pick(['ann', 'bob']);
      const write = put(id, { rank, owner, email: id }, { ifVersion: null, dueAt: random.integer(1, 9) });
      const moved = put(`${caller}-moves`, { rank, owner });
      try {
        await backend.commit([write, moved]);
        acknowledged.set(id, write.version);
      } catch {
        if (running) await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
  };
  const done = Promise.all(Array.from({ length: callers }, (_unused, caller) => work(caller)));
  return {
    acknowledged,
    stop: async () => {
      running = false;
      await done;
    },
  };
}

describe.each(LIBRARIES)('a server with appendfsync always, with %s', (library) => {
  it(`loses no acknowledged commit and tears none when it is killed (seed ${SEED})`, async () => {
    const random = new SeededRandom(SEED);
    let server = await startRedis(DURABLE);
    const place = { port: server.port, folder: server.folder };
    cleanUps.push(() => server.stop());
    const { command } = commandOf(server);
    const backend = storage(library, server.url);
    await backend.open([JOBS]);
    for (let kill = 0; kill < 4; kill++) {
      const load = commits(backend, random, 4);
      const goal = random.integer(20, 120);
      await until(() => load.acknowledged.size >= goal);
      await server.kill();
      await load.stop();
      server = await startRedis(DURABLE, place);
      const ids = [...load.acknowledged.keys()];
      await until(() =>
        backend.health().then(
          ({ writable }) => writable,
          () => false,
        ),
      );
      const found = await backend.get(ids.slice(0, 1000).map(ref));
      const lost = ids.slice(0, 1000).filter((id, at) => found[at]?.version !== load.acknowledged.get(id));
      expect(lost).toEqual([]);
      await until(() =>
        command('', 'PING').then(
          () => true,
          () => false,
        ),
      );
      expect((await audit({ command }, 'chancery')).faults).toEqual([]);
      // The next round creates the same ids anew.
      for (let at = 0; at < ids.length; at += 200) {
        await backend.commit(ids.slice(at, at + 200).map((id) => ({ kind: 'delete', ...ref(id) })));
      }
      const page = await backend.query({ collection: 'jobs', index: 'byDue', limit: 1000 });
      await backend.commit(page.documents.slice(0, 256).map(({ id }) => ({ kind: 'delete', ...ref(id) })));
    }
  });
});

/** A proxy that passes everything on until it is told to cut. */
async function proxyTo(port: number) {
  const sockets = new Set<Socket>();
  let dropAnswers = false;
  const server: Server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
    }
    near.on('data', (chunk) => far.write(chunk));
    far.on('data', (chunk) => {
      if (!dropAnswers) near.write(chunk);
    });
    near.on('close', () => far.end());
    far.on('close', () => near.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUps.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    url: `redis://127.0.0.1:${(server.address() as { port: number }).port}`,
    dropAnswers: (drop: boolean) => {
      dropAnswers = drop;
    },
    cut: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}

describe.each(LIBRARIES)('a connection that is cut, with %s', (library) => {
  it('leaves the outcome of a commit unknown, and never sends it again', async () => {
    const server = await startRedis();
    cleanUps.push(() => server.stop());
    const { command } = commandOf(server);
    const proxy = await proxyTo(server.port);
    const backend = storage(library, proxy.url);
    await backend.open([JOBS]);
    await backend.commit([put('warm', { rank: 0 })]);
    const calls = async () => {
      const stats = String(await command('', 'INFO', 'commandstats'));
      return Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1]);
    };
    const before = await calls();
    proxy.dropAnswers(true);
    const write = put('a', { rank: 1 }, { ifVersion: null });
    const lost = backend.commit([write]).catch((error: unknown) => error);
    const read = backend.get([ref('a')]).catch((error: unknown) => error);
    await until(async () => (await calls()) > before);
    proxy.cut();
    expect(await lost).toMatchObject({ code: 'STORAGE_UNAVAILABLE', outcome: 'unknown', retryable: true });
    expect(await read).toMatchObject({ code: 'STORAGE_UNAVAILABLE', outcome: 'none', retryable: true });
    proxy.dropAnswers(false);
    await until(() =>
      backend.health().then(
        () => true,
        () => false,
      ),
    );
    expect(await calls()).toBe(before + 1);
    // Sent again as it is, by the one who may: it had landed.
    expect(await backend.commit([write])).toEqual({
      committed: false,
      conflict: { write: 0, reason: 'version', actual: write.version },
    });
  });

  it('tells watchers to read everything again when it is back', async () => {
    const server = await startRedis();
    cleanUps.push(() => server.stop());
    const proxy = await proxyTo(server.port);
    const backend = storage(library, proxy.url);
    await backend.open([JOBS]);
    const told: (readonly string[] | undefined)[] = [];
    await backend.watch('jobs', (ids) => told.push(ids));
    await backend.commit([put('a', { rank: 1 }), put('é:\u{1f511}', {})]);
    await until(() => told.length > 0);
    expect(told).toEqual([['a', 'é:\u{1f511}']]);
    await backend.commit(Array.from({ length: 31 }, (_unused, at) => put(`many-${at}`)));
    await until(() => told.length > 1);
    expect(told[1]).toBeUndefined();
    proxy.cut();
    await until(() => told.length > 2);
    expect(told[2]).toBeUndefined();
    await until(() =>
      backend.commit([put('b')]).then(
        () => told.some((ids) => ids?.includes('b')),
        () => false,
      ),
    );
  });
});

// A sentinel that finds that its machine stood still does nothing for half a minute.
describe('a failover by Sentinel', { timeout: 300_000 }, () => {
  it('moves the storage to the new master; what was refused meanwhile says so', async () => {
    const master = await startRedis();
    const replica = await startRedis(['--replicaof', '127.0.0.1', String(master.port)]);
    cleanUps.push(
      () => replica.stop(),
      () => master.stop(),
    );
    const admin = new Redis(replica.url);
    cleanUps.push(() => admin.disconnect());
    await until(async () => /master_link_status:up/.test(String(await admin.info('replication'))));
    const { ports: sentinels, noticeDeath } = await startSentinels(master.port);
    const client = new Redis({
      sentinels: sentinels.map((port) => ({ host: '127.0.0.1', port })),
      name: 'chancery',
      lazyConnect: true,
      sentinelRetryStrategy: () => 50,
      retryStrategy: () => 50,
    });
    const waitReplicas = { count: 1, timeoutMs: PATIENT_MS / 2 };
    const backend = new RedisStorage({ client, timeoutMs: PATIENT_MS, waitReplicas });
    cleanUps.push(() => backend.close());
    await backend.open([JOBS]);
    const acknowledged = new Map<string, string>();
    for (let at = 0; at < 50; at++) {
      const write = put(`before-${at}`, { rank: at, owner: 'ann', email: String(at) });
      expect(await backend.commit([write])).toEqual({ committed: true });
      acknowledged.set(write.id, write.version);
    }
    await master.kill();
    await noticeDeath();
    const relaxed = new RedisStorage({ client, timeoutMs: PATIENT_MS });
    cleanUps.push(() => relaxed.close());
    await until(async () => {
      try {
        await relaxed.open([JOBS]);
        return (await relaxed.commit([put('after', { rank: 1 })])).committed;
      } catch (error) {
        expect(error).toMatchObject({ code: 'STORAGE_UNAVAILABLE', retryable: true });
        return false;
      }
    });
    const ids = [...acknowledged.keys()];
    const found = await relaxed.get(ids.map(ref));
    expect(ids.filter((id, at) => found[at]?.version !== acknowledged.get(id))).toEqual([]);
    // The storage that was there before the failover finds its way too.
    await until(() =>
      backend.get([ref('after')]).then(
        ([document]) => document !== undefined,
        () => false,
      ),
    );
    const command = (_key: string, name: string, ...words: string[]) => admin.call(name, ...words);
    expect((await audit({ command }, 'chancery')).faults).toEqual([]);
  });

  it('that loses acknowledged entries of the event log is told as a fork by a checkpoint that was kept outside', async () => {
    const master = await startRedis();
    const replica = await startRedis(['--replicaof', '127.0.0.1', String(master.port)]);
    cleanUps.push(
      () => replica.stop(),
      () => master.stop(),
    );
    const admin = new Redis(master.url);
    const replicated = new Redis(replica.url);
    for (const client of [admin, replicated]) {
      client.on('error', () => undefined);
      cleanUps.push(() => client.disconnect());
    }
    await until(async () => /master_link_status:up/.test(String(await replicated.info('replication'))));
    const { ports: sentinels, noticeDeath } = await startSentinels(master.port);
    const keyring = LocalKeyring.generate();
    const instance = () => {
      const client = new Redis({
        sentinels: sentinels.map((port) => ({ host: '127.0.0.1', port })),
        name: 'chancery',
        lazyConnect: true,
        sentinelRetryStrategy: () => 50,
        retryStrategy: () => 50,
      });
      const storage = new RedisStorage({ client, timeoutMs: PATIENT_MS });
      cleanUps.push(() => storage.close());
      return new EventLog({ storage, keyring });
    };
    const chain = async (events: EventLog, subjects: readonly string[]) => {
      await events.pending({ limit: 1 });
      for (const subject of subjects) {
        const facts = { type: 'thing.changed', source: '/things', subject, subjectRevision: 1, data: {} };
        expect(await events.storage.commit([events.write(facts)])).toEqual({ committed: true });
      }
      const [sequence] = events.maintenance();
      while ((await sequence?.run({ limit: 1000 }))?.more);
    };
    /** Each attempt has subjects of its own, since one that failed may have got half-way. */
    const chainAtLast = async (events: EventLog, subjects: readonly string[]) => {
      let attempt = 0;
      await until(() => {
        attempt += 1;
        return chain(
          events,
          subjects.map((subject) => `${subject}${attempt}`),
        ).then(
          () => true,
          () => false,
        );
      });
    };
    const before = instance();
    await chain(before, ['a', 'b', 'c']);
    const kept = [(await before.checkpoint()).note];
    const verifierKeys = [await before.verifierKey()];
    // WAIT is for what was written before the last command of its own connection.
    await admin.ping();
    expect(await admin.wait(1, 60_000)).toBe(1);
    // From here on nothing reaches the replica, which is fine with a master that waits for nobody.
    replica.process.kill('SIGSTOP');
    await admin.call('CLIENT', 'KILL', 'TYPE', 'replica');
    await chain(before, ['d', 'e']);
    kept.push((await before.checkpoint()).note);
    expect(await before.verify({ checkpoints: kept, verifierKeys })).toMatchObject({ valid: true, size: 5 });
    await master.kill();
    replica.process.kill('SIGCONT');
    await noticeDeath();
    await until(async () => /role:master/.test(String(await replicated.info('replication'))));

    // An instance that remembers nothing of it, and has the checkpoints alone.
    const after = instance();
    await until(() =>
      after.pending({ limit: 1 }).then(
        () => true,
        () => false,
      ),
    );
    expect(await after.verify()).toMatchObject({ valid: true, size: 3, forks: [] });
    const report = await after.verify({ checkpoints: kept, verifierKeys });
    expect(report.problems).toEqual([{ kind: 'truncated', sequence: 3, count: 2, checkpoint: 5 }]);
    await chainAtLast(after, ['f', 'g', 'h']);
    const { size } = await after.verify();
    expect(size).toBeGreaterThan(5);
    expect(await after.verify({ checkpoints: kept, verifierKeys })).toMatchObject({
      valid: false,
      problems: [{ kind: 'fork', sequence: 4, checkpoint: 5 }],
    });
    // The instance that lived through it puts it on record for everybody.
    await chainAtLast(before, ['i']);
    const told = await after.verify({ checkpoints: kept, verifierKeys });
    expect(told.forks).toMatchObject([{ lostSize: 5, continuedFrom: size }]);
    console.info(`a failover lost 2 of 5 acknowledged entries: ${told.problems.map(({ kind }) => kind).join(', ')}`);
  });
});

interface Sentinels {
  readonly ports: readonly number[];
  /** Has them take a master that does not answer for one that is gone. */
  noticeDeath(): Promise<void>;
}

async function startSentinels(master: number): Promise<Sentinels> {
  const folder = mkdtempSync(join(tmpdir(), 'chancery-sentinel-'));
  cleanUps.push(() => rmSync(folder, { recursive: true, force: true }));
  const ports: number[] = [];
  for (let at = 0; at < 3; at++) {
    const port = await freePort();
    const file = join(folder, `sentinel-${at}.conf`);
    writeFileSync(
      file,
      [
        `port ${port}`,
        'bind 127.0.0.1',
        `dir ${folder}`,
        `sentinel monitor chancery 127.0.0.1 ${master} 2`,
        `sentinel down-after-milliseconds chancery ${NEVER_DOWN_MS}`,
        'sentinel failover-timeout chancery 3000',
        '',
      ].join('\n'),
    );
    const child = await launch([file, '--sentinel'], /\+monitor master/);
    cleanUps.push(() => end(child));
    ports.push(port);
  }
  const asked = ports.map((port) => new Redis(port, '127.0.0.1'));
  cleanUps.push(() => {
    for (const sentinel of asked) sentinel.disconnect();
  });
  // They must know one another and the replica, or nobody can be elected.
  for (const sentinel of asked) {
    await until(async () => {
      const state = String(await sentinel.call('SENTINEL', 'MASTER', 'chancery'));
      return /num-other-sentinels,2/.test(state) && /num-slaves,1/.test(state);
    });
  }
  return {
    ports,
    noticeDeath: async () => {
      for (const sentinel of asked) {
        await sentinel.call('SENTINEL', 'SET', 'chancery', 'down-after-milliseconds', DOWN_AFTER_MS);
      }
    },
  };
}

import type { RedisStorage, RedisStorageOptions } from '@chancery/storage-redis';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, it } from 'vitest';
import { freePort } from '../../core/test/support/free-ports.ts';
import { audit } from './support/audit.ts';
import { clientFor, type Library, type Setting, single, storageOn } from './support/clients.ts';
import { JOBS, put, ref } from './support/documents.ts';
import { startRedis, until } from './support/redis-server.ts';

const LIBRARIES: readonly Library[] = ['ioredis', 'node-redis'];
/** Longer than a busy machine stands still. */
const PATIENT_MS = 30_000;
const cleanUps: (() => unknown)[] = [];

async function setting(library: Library, settings: readonly string[] = []): Promise<Setting> {
  const started = await single(library, settings);
  cleanUps.push(() => started.stop());
  return started;
}

function storage(options: Pick<Setting, 'client'>, more: Partial<RedisStorageOptions> = {}): RedisStorage {
  const made = storageOn(options, { timeoutMs: PATIENT_MS, ...more });
  cleanUps.push(() => made.close());
  return made;
}

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

describe.each(LIBRARIES)('a server that will not do, with %s', (library) => {
  it('is refused if it evicts', async () => {
    const started = await setting(library, ['--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru']);
    await expect(storage(started).open([JOBS])).rejects.toMatchObject({
      code: 'STORAGE_UNSAFE_CONFIG',
      message: expect.stringContaining('allkeys-lru'),
    });
    await started.command('', 'CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
    await storage(started).open([JOBS]);
  });

  it('is refused if it evicts, also where the user may not ask for its settings', async () => {
    const started = await setting(library, ['--maxmemory-policy', 'volatile-ttl']);
    await started.command('', 'ACL', 'SETUSER', 'app', 'on', '>secret', '~*', '&*', '+@all', '-config');
    const client = clientFor(library, `redis://app:secret@127.0.0.1:${started.nodes[0]?.port}`);
    await expect(storage({ client }).open([JOBS])).rejects.toMatchObject({ code: 'STORAGE_UNSAFE_CONFIG' });
  });

  it('is refused if it denies a command that a commit needs, before there is a commit', async () => {
    const started = await setting(library);
    await started.command('', 'ACL', 'SETUSER', 'app', 'on', '>secret', '~*', '&*', '+@all', '-zadd');
    const client = clientFor(library, `redis://app:secret@127.0.0.1:${started.nodes[0]?.port}`);
    await expect(storage({ client }).open([JOBS])).rejects.toMatchObject({
      code: 'STORAGE_UNSAFE_CONFIG',
      message: expect.stringContaining('ZADD'),
    });
  });

  it('is said to be a replica', async () => {
    const master = await setting(library);
    const replica = await setting(library, ['--replicaof', '127.0.0.1', String(master.nodes[0]?.port)]);
    await expect(storage(replica).open([JOBS])).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      message: expect.stringContaining('READONLY'),
      outcome: 'none',
      retryable: true,
    });
  });

  it('turns into a replica: writes are refused with nothing written, reads go on, health tells', async () => {
    const master = await setting(library);
    const other = await setting(library);
    const backend = storage(other);
    await backend.open([JOBS]);
    await backend.commit([put('a', { rank: 1 })]);
    await other.command('', 'CONFIG', 'SET', 'replica-serve-stale-data', 'yes');
    await other.command('', 'REPLICAOF', '127.0.0.1', String(await freePort()));
    await expect(backend.commit([put('b', { rank: 2 })])).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      outcome: 'none',
      retryable: true,
    });
    expect((await backend.get([ref('a')]))[0]?.id).toBe('a');
    expect((await backend.health()).writable).toBe(false);
    await other.command('', 'REPLICAOF', 'NO', 'ONE');
    expect((await backend.health()).writable).toBe(true);
    expect((await backend.get([ref('b')]))[0]).toBeUndefined();
    await master.stop();
  });

  it('asks for a password, and for the right one', async () => {
    const started = await single(library);
    cleanUps.push(() => started.stop());
    await started.command('', 'CONFIG', 'SET', 'requirepass', 'right');
    const port = started.nodes[0]?.port;
    for (const url of [`redis://127.0.0.1:${port}`, `redis://:wrong@127.0.0.1:${port}`]) {
      const refused = storage({ client: clientFor(library, url) }).open([JOBS]);
      const error = await refused.catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'STORAGE_UNAVAILABLE', outcome: 'none', retryable: false });
      expect((error as Error).message).not.toContain('wrong');
    }
    await storage({ client: clientFor(library, `redis://:right@127.0.0.1:${port}`) }).open([JOBS]);
  });

  it('cannot be reached', async () => {
    const client = clientFor(library, `redis://127.0.0.1:${await freePort()}`);
    const backend = storage({ client });
    for (const call of [() => backend.open([JOBS]), () => backend.health()]) {
      await expect(call()).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE', outcome: 'none', retryable: true });
    }
  });

  it('runs out of memory: nothing is half written, reading and deleting go on', async () => {
    const started = await setting(library);
    const backend = storage(started);
    await backend.open([JOBS]);
    await backend.commit([put('a', { rank: 1, owner: 'ann' })]);
    await started.command('', 'CONFIG', 'SET', 'maxmemory', '1');
    const refused = backend.commit([put('a', { rank: 2, owner: 'bob' }), put('b', { rank: 3 })]);
    await expect(refused).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE', outcome: 'none', retryable: true });
    expect(await audit(started, 'chancery')).toEqual({ documents: 1, faults: [] });
    expect((await backend.get([ref('a')]))[0]?.data).toEqual({ rank: 1, owner: 'ann' });
    expect((await backend.health()).writable).toBe(false);
    expect(await backend.commit([{ kind: 'delete', ...ref('a') }])).toEqual({ committed: true });
    await started.command('', 'CONFIG', 'SET', 'maxmemory', '0');
    expect((await backend.health()).writable).toBe(true);
  });

  it('has lost its scripts', async () => {
    const started = await setting(library);
    const backend = storage(started);
    await backend.open([JOBS]);
    await backend.commit([put('a', { rank: 1 }, { dueAt: 0 })]);
    await started.command('', 'SCRIPT', 'FLUSH');
    expect(await backend.commit([put('a', { rank: 2 }, { dueAt: 0 })])).toEqual({ committed: true });
    await started.command('', 'SCRIPT', 'FLUSH');
    expect((await backend.claim({ collection: 'jobs', limit: 1, leaseMs: 9 })).map(({ id }) => id)).toEqual(['a']);
  });

  it('is declared durable and is not', async () => {
    const plain = await setting(library);
    await expect(storage(plain, { durability: 'durable' }).open([JOBS])).rejects.toMatchObject({
      code: 'STORAGE_UNSAFE_CONFIG',
      message: expect.stringContaining('appendonly'),
    });
    const lazy = await setting(library, ['--appendonly', 'yes', '--appendfsync', 'everysec']);
    await expect(storage(lazy, { durability: 'durable' }).open([JOBS])).rejects.toMatchObject({
      code: 'STORAGE_UNSAFE_CONFIG',
      message: expect.stringContaining('everysec'),
    });
    await lazy.command('', 'CONFIG', 'SET', 'appendfsync', 'always');
    const durable = storage(lazy, { durability: 'durable' });
    await durable.open([JOBS]);
    expect(durable.capabilities).toEqual({ durability: 'durable', watch: true });
    const replica = await setting(library, ['--replicaof', '127.0.0.1', String(lazy.nodes[0]?.port)]);
    await until(async () => /master_link_status:up/.test(String(await replica.command('', 'INFO', 'replication'))));
    await expect(durable.open([JOBS])).rejects.toMatchObject({ message: expect.stringContaining('replica') });
  });

  it('stands still: a read fails in time, a write with an unknown outcome', async () => {
    const started = await setting(library);
    const backend = storage(started, { timeoutMs: 300 });
    // So little time is not always enough for a server that runs.
    const warmUp = async () => {
      await backend.open([JOBS]);
      await backend.commit([put('warm')]);
      await backend.get([ref('warm')]);
    };
    await until(() =>
      warmUp().then(
        () => true,
        () => false,
      ),
    );
    started.nodes[0]?.process.kill('SIGSTOP');
    const outcomes = await Promise.allSettled([
      backend.get([ref('a')]),
      backend.commit([put('a', { rank: 1 }, { ifVersion: null })]),
      backend.watch('jobs', () => undefined),
    ]);
    const failure = { code: 'STORAGE_UNAVAILABLE', retryable: true };
    expect(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason)).toMatchObject([
      { ...failure, outcome: 'none' },
      { ...failure, outcome: 'unknown' },
      { ...failure, outcome: 'none' },
    ]);
    started.nodes[0]?.process.kill('SIGCONT');
    await until(async () => (await backend.get([ref('a')]).catch(() => []))[0] !== undefined);
  });
});

describe('waitReplicas', () => {
  it('acknowledges what a replica has, and says that it cannot know without one', async () => {
    const started = await setting('ioredis');
    const backend = storage(started, { waitReplicas: { count: 1, timeoutMs: PATIENT_MS / 2 } });
    const port = String(started.nodes[0]?.port);
    const replica = await startRedis(['--replicaof', '127.0.0.1', port, '--repl-diskless-sync-delay', '0']);
    const admin = new Redis(replica.url);
    cleanUps.push(
      () => replica.stop(),
      () => admin.disconnect(),
    );
    await until(async () => /master_link_status:up/.test(String(await admin.info('replication'))));
    // The link is up before the master sends changes: that begins with the first acknowledgment, which comes within a second.
    await until(async () => /state=online,offset=[1-9]/.test(String(await started.command('', 'INFO', 'replication'))));
    await backend.open([JOBS]);
    expect(await backend.commit([put('a', { rank: 1 })])).toEqual({ committed: true });
    expect(await admin.hget('{chancery}:d:jobs:a', 'data')).toBe('{"rank":1}');
    replica.process.kill('SIGSTOP');
    const hasty = storage(started, { waitReplicas: { count: 1, timeoutMs: 200 } });
    await hasty.open([JOBS]);
    await expect(hasty.commit([put('b', { rank: 1 })])).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      message: expect.stringContaining('0 of 1 replicas'),
      outcome: 'unknown',
      retryable: true,
    });
    replica.process.kill('SIGCONT');
  });
});

import type { PutWrite, StorageBackend, StorageError, Write } from '@chancery/core/ports';
import { SeededRandom } from '@chancery/core/testing';
import { PostgresStorage } from '@chancery/storage-postgres';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { seed, soakSize } from '../../core/test/support/soak.ts';
import { CuttingProxy } from './support/cutting-proxy.ts';
import { JOBS, NOTES, put, read } from './support/notes.ts';
import { postgresSuite } from './support/postgres-suite.ts';

const suite = postgresSuite({ own: true, fsync: true });

describe('a connection that is cut', () => {
  const cases = (['before', 'after', 'late'] as const).flatMap((cut) =>
    [true, false].map((serverFunctions) => ({ cut, serverFunctions })),
  );
  it.each(cases)(
    '$cut: outcome unknown, and sent again it lands exactly once (functions: $serverFunctions)',
    async ({ cut, serverFunctions }) => {
      const proxy = await CuttingProxy.start(suite.server.port);
      const pool = suite.newPool({ connectionString: suite.server.url.replace(/:\d+\//, `:${proxy.port}/`) });
      const namespace = `cut_${cut}_${serverFunctions}`;
      const storage = new PostgresStorage({ pool, namespace, serverFunctions });
      await storage.open([NOTES, JOBS]);
      const single = put('only-one', { marker: 'cut here' }, { collection: 'jobs', ifVersion: null });
      const several = [put('a', { title: 'cut here' }, { ifVersion: null }), put('b', { title: 'B' })];
      for (const writes of [[single], several]) {
        // Statement by statement, nothing has landed before COMMIT was sent.
        const stepwise = !serverFunctions && writes.length > 1;
        proxy.cutNext(stepwise ? 'COMMIT\0' : 'cut here', cut);
        await expect(storage.commit(writes)).rejects.toMatchObject({
          code: 'STORAGE_UNAVAILABLE',
          outcome: 'unknown',
          retryable: true,
        });
        if (cut === 'late') {
          // It arrives while the same commit is being sent again: whichever lands first, the other finds it landed.
          const again = storage.commit(writes);
          proxy.release();
          expectLanded(await again, writes[0] as PutWrite);
        } else {
          expectLanded(await storage.commit(writes), writes[0] as PutWrite);
        }
        for (const { collection, id, version } of writes) {
          const landed = async () => expect((await read(storage, id, collection))?.version).toBe(version);
          await vi.waitFor(landed, { timeout: 30_000 });
        }
      }
      await storage.close();
      await pool.end();
      await proxy.stop();
    },
  );

  it('before COMMIT, statement by statement, has left nothing', async () => {
    const proxy = await CuttingProxy.start(suite.server.port);
    const pool = suite.newPool({ connectionString: suite.server.url.replace(/:\d+\//, `:${proxy.port}/`) });
    const storage = new PostgresStorage({ pool, namespace: 'cut_early', serverFunctions: false });
    await storage.open([NOTES]);
    proxy.cutNext('cut here', 'after');
    const cut = storage.commit([put('a', { title: 'cut here' }), put('b')]);
    await expect(cut).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE', outcome: 'none', retryable: true });
    expect(await read(storage, 'a')).toBeUndefined();
    await storage.close();
    await pool.end();
    await proxy.stop();
  });

  it('in a read is never an unknown outcome, and the next read is answered', async () => {
    const proxy = await CuttingProxy.start(suite.server.port);
    const pool = suite.newPool({ connectionString: suite.server.url.replace(/:\d+\//, `:${proxy.port}/`) });
    const storage = new PostgresStorage({ pool, namespace: 'cut_read', watch: false });
    await storage.open([NOTES]);
    await storage.commit([put('here')]);
    proxy.cutNext('here', 'after');
    await expect(read(storage, 'here')).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE', outcome: 'none' });
    expect((await read(storage, 'here'))?.id).toBe('here');
    await storage.close();
    await pool.end();
    await proxy.stop();
  });
});

describe('a server that is killed during commits', () => {
  it('loses no acknowledged commit, and documents and unique values agree', async () => {
    const random = new SeededRandom(seed(20_261_122));
    console.info(`seed ${random.seed}`);
    const kills = soakSize(5, 50);
    const pool = suite.newPool();
    const [withFunctions, stepwise] = [true, false].map(
      (serverFunctions) => new PostgresStorage({ pool, namespace: 'killed', serverFunctions, watch: false }),
    ) as [PostgresStorage, PostgresStorage];
    await withFunctions.open([NOTES, JOBS]);
    await stepwise.open([NOTES, JOBS]);
    const log = new CommitLog();
    for (let kill = 0; kill < kills; kill++) {
      let running = true;
      const writers = [withFunctions, stepwise, withFunctions, stepwise].map(async (storage, writer) => {
        for (let turn = 0; running; turn++) await log.commit(storage, `${kill}-${writer}-${turn}`, random);
      });
      const before = log.acknowledged;
      await vi.waitFor(
        () => expect(log.acknowledged).toBeGreaterThan(before + 20 + (random.integer(0, 60) as number)),
        {
          timeout: 60_000,
        },
      );
      await suite.server.kill();
      running = false;
      await Promise.all(writers);
      await suite.server.restart();
      await log.expectAll(withFunctions);
    }
    console.info(
      `${kills} kills, ${log.acknowledged} commits acknowledged, ${log.interrupted} interrupted, ${log.unknown} unknown, 0 lost`,
    );
    // Kills that hit nothing would prove nothing.
    expect(log.interrupted).toBeGreaterThan(0);
    const { rows } = await pool.query(`SELECT count(*)::int AS n FROM killed$notes AS d FULL JOIN killed$_unique AS u
      ON u.id = d.id AND convert_from(u.key, 'UTF8') = d.data ->> 'title' WHERE d.id IS NULL OR u.id IS NULL`);
    expect(rows).toEqual([{ n: 0 }]);
    await withFunctions.close();
    await stepwise.close();
  }, 240_000);
});

/** S1-17 */
describe('a dump', () => {
  it('that is restored is the same storage', async () => {
    const storage = new PostgresStorage({ pool: suite.pool, namespace: 'dumped' });
    onTestFinished(() => storage.close());
    await storage.open([NOTES, JOBS]);
    const full = put(
      'ünïcode \u{1f511}',
      { title: 'T', time: 1e15, list: [0.1, 1e21, -0, {}] },
      { bytes: Uint8Array.of(0, 255) },
    );
    await storage.commit([full, put('due', {}, { collection: 'jobs', dueAt: 5, dueQueue: 'q' })]);
    await storage.throttle([{ key: 'k', limit: 1, periodMs: 86_400_000 }]);
    const dump = suite.server.client('pg_dump', ['-n', suite.schema, 'postgres']);
    suite.server.client('createdb', ['restored']);
    suite.server.client('psql', ['-v', 'ON_ERROR_STOP=1', '-q', 'restored'], dump);
    const pool = suite.newPool({ connectionString: suite.server.url.replace(/postgres$/, 'restored') });
    const restored = new PostgresStorage({ pool, namespace: 'dumped' });
    onTestFinished(() => restored.close());
    await restored.open([NOTES, JOBS]);
    expect(await restored.get([{ collection: 'notes', id: full.id }])).toEqual(
      await storage.get([{ collection: 'notes', id: full.id }]),
    );
    const taken = { committed: false, conflict: { write: 0, reason: 'unique', constraint: 'title' } };
    expect(await restored.commit([put('x', { title: 'T' }), put('y')])).toEqual(taken);
    expect(await restored.claim({ collection: 'jobs', queue: 'q', limit: 9, leaseMs: 1 })).toHaveLength(1);
    expect(await restored.throttle([{ key: 'k', limit: 1, periodMs: 86_400_000 }])).toMatchObject({ allowed: false });
  });
});

describe('a replica', () => {
  it('is asked only by reads that allow as much staleness as it has', async () => {
    const standby = await suite.server.replica();
    onTestFinished(() => standby.stop());
    const replica = standby.pool({ options: `-c search_path=${suite.schema}` });
    const storage = new PostgresStorage({ pool: suite.pool, replica, namespace: 'replicated' });
    onTestFinished(() => storage.close());
    await storage.open([NOTES]);
    await storage.commit([put('a', { time: 1 })]);
    const timeAt = async (maxStaleMs?: number) => {
      const options = maxStaleMs === undefined ? undefined : { consistency: { maxStaleMs } };
      const query = { collection: 'notes', index: 'byTime', limit: 1, ...options } as const;
      const [document] = await storage.get([{ collection: 'notes', id: 'a' }], options);
      const page = await storage.query(query);
      expect(page.documents[0]?.data).toEqual(document?.data);
      return document?.data.time;
    };
    const counted = `SELECT count(*)::int AS n FROM replicated$notes`;
    await vi.waitFor(async () => expect((await replica.query(counted)).rows).toEqual([{ n: 1 }]), { timeout: 30_000 });
    await replica.query('SELECT pg_wal_replay_pause()');
    await storage.commit([put('a', { time: 2 })]);
    expect(await timeAt()).toBe(2);
    expect(await timeAt(0)).toBe(2);
    expect(await timeAt(3_600_000)).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await timeAt(1)).toBe(2);
    await standby.kill();
    expect(await timeAt(3_600_000)).toBe(2);
  });
});

function expectLanded(result: Awaited<ReturnType<StorageBackend['commit']>>, first: PutWrite): void {
  if (result.committed) return;
  expect(result.conflict).toEqual({ write: 0, reason: 'version', actual: first.version });
}

/** What was sent, and what became of it as far as the sender knows. */
class CommitLog {
  acknowledged = 0;
  unknown = 0;
  /** Those that were under way when their connection broke. */
  interrupted = 0;
  readonly #sure = new Map<string, string>();

  async commit(storage: StorageBackend, id: string, random: SeededRandom): Promise<void> {
    const notes = Array.from({ length: random.integer(1, 3) }, (_unused, at) => {
      const name = `${id}-${at}`;
      return put(name, { title: name, time: at }, { ifVersion: null });
    });
    const writes: Write[] = [...notes, put(id, {}, { collection: 'jobs' })];
    try {
      await storage.commit(writes);
      this.acknowledged += 1;
      for (const write of notes) this.#sure.set(write.id, write.version);
    } catch (error) {
      const { outcome, facts } = error as StorageError;
      if (outcome === 'unknown') this.unknown += 1;
      if (facts.phase !== 'connect') this.interrupted += 1;
      // A server that is down refuses at once.
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async expectAll(storage: StorageBackend): Promise<void> {
    const entries = [...this.#sure];
    for (let from = 0; from < entries.length; from += 500) {
      const slice = entries.slice(from, from + 500);
      const found = await storage.get(slice.map(([id]) => ({ collection: 'notes', id })));
      expect(found.map((document) => document?.version)).toEqual(slice.map(([, version]) => version));
    }
  }
}

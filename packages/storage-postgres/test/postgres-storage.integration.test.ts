import {
  type PostgresClient,
  type PostgresPool,
  type PostgresQuery,
  PostgresStorage,
  type PostgresStorageOptions,
} from '@chancery/storage-postgres';
import pg from 'pg';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { JOBS, NOTES, put, read } from './support/notes.ts';
import { postgresSuite } from './support/postgres-suite.ts';

const suite = postgresSuite();
let namespaces = 0;

function create(options: Partial<PostgresStorageOptions> = {}): PostgresStorage {
  namespaces += 1;
  // The server of the tests does not sync.
  const defaults = { pool: suite.pool, namespace: `n${namespaces}`, durability: 'async' } as const;
  const storage = new PostgresStorage({ ...defaults, ...options });
  onTestFinished(() => storage.close());
  return storage;
}

/** A pool that keeps a list of what was sent through it. */
function recording(pool: pg.Pool): PostgresPool & { readonly sent: string[] } {
  const sent: string[] = [];
  const connect = async (): Promise<PostgresClient> => {
    const client: PostgresClient = await pool.connect();
    return new Proxy(client, {
      get: (target, key) => {
        if (key === 'query') {
          return (query: PostgresQuery) => {
            sent.push(query.text);
            return target.query(query);
          };
        }
        const value = Reflect.get(target, key) as unknown;
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  };
  return {
    sent,
    connect,
    on: (event, listener) => pool.on(event, listener),
  };
}

describe('tables', () => {
  it('are readable with plain SQL, without quotes', async () => {
    const storage = create({ namespace: 'plain' });
    await storage.open([NOTES]);
    await storage.commit([put('a', { time: 5, owner: 'ann', title: 'A' }), put('b', { time: 6, owner: 'bob' })]);
    const byOwner = await suite.pool.query(`SELECT id FROM plain$notes WHERE data ->> 'owner' = 'ann'`);
    expect(byOwner.rows).toEqual([{ id: 'a' }]);
    const counted = await suite.pool.query(
      `SELECT data ->> 'owner' AS owner, count(*)::int AS notes FROM plain$notes GROUP BY 1 ORDER BY 1`,
    );
    expect(counted.rows).toEqual([
      { owner: 'ann', notes: 1 },
      { owner: 'bob', notes: 1 },
    ]);
    const held = await suite.pool.query(`SELECT name, id, convert_from(key, 'UTF8') AS title FROM plain$_unique`);
    expect(held.rows).toEqual([{ name: 'title', id: 'a', title: 'A' }]);
  });

  it('of namespaces and collections that could be mixed up stay apart', async () => {
    const pairs = [
      ['a', 'b_c'],
      ['a_b', 'c'],
      ['a_b_c', 'd'],
      ['x'.repeat(40), 'y'.repeat(40)],
      ['x'.repeat(40), `${'y'.repeat(39)}z`],
      [`${'x'.repeat(39)}z`, 'y'.repeat(40)],
    ] as const;
    const stores = pairs.map(([namespace]) => create({ namespace }));
    for (const [at, [, name]] of pairs.entries()) {
      await stores[at]?.open([{ name, indexes: { [`i${'n'.repeat(39)}`]: { orderBy: 'n' } } }]);
      await stores[at]?.commit([put('id', { n: at }, { collection: name })]);
    }
    const found = await Promise.all(pairs.map(([, name], at) => read(stores[at] as PostgresStorage, 'id', name)));
    expect(found.map((document) => document?.data.n)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('lie in the schema that is named, whatever the search path', async () => {
    await suite.pool.query(`CREATE SCHEMA "${suite.schema} Two"`);
    const storage = create({ schema: `${suite.schema} Two`, namespace: 'named' });
    await storage.open([NOTES]);
    await storage.commit([put('a', { title: 'A' }), put('b')]);
    const { rows } = await suite.pool.query(`SELECT count(*)::int AS n FROM "${suite.schema} Two".named$notes`);
    expect(rows).toEqual([{ n: 2 }]);
    await suite.pool.query(`DROP SCHEMA "${suite.schema} Two" CASCADE`);
  });

  it('of long ids and odd ids hold what was put', async () => {
    const storage = create();
    await storage.open([NOTES]);
    const ids = [
      '__proto__',
      'constructor',
      '\u{1f511}'.repeat(50),
      `${'é'.repeat(100)}`,
      "'; DROP TABLE notes; --",
      '%s $1 {"}',
    ];
    const puts = ids.map((id, at) => put(id, { time: at, title: id, ...JSON.parse('{"__proto__": 1}') }));
    expect(await storage.commit(puts)).toEqual({ committed: true });
    for (const [at, id] of ids.entries()) expect((await read(storage, id))?.data.time).toBe(at);
  });
});

describe('round trips', () => {
  it('a put is one statement, and so is a commit of many with server functions', async () => {
    const pool = recording(suite.pool);
    const storage = create({ pool });
    await storage.open([NOTES, JOBS]);
    const statements = async (work: () => Promise<unknown>) => {
      pool.sent.length = 0;
      await work();
      return pool.sent.filter((text) => !text.includes('pg_notify')).length;
    };
    expect(await statements(() => storage.commit([put('j', {}, { collection: 'jobs' })]))).toBe(1);
    expect(await statements(() => storage.commit([put('a', { title: 'A' })]))).toBe(1);
    const many = Array.from({ length: 100 }, (_unused, at) => put(`m${at}`, { title: `M${at}` }, { ifVersion: null }));
    expect(await statements(() => storage.commit([...many, put('j', {}, { collection: 'jobs' })]))).toBe(1);
    expect(await statements(() => read(storage, 'a'))).toBe(1);
    const refs = ['a', 'm1', 'none'].map((id) => ({ collection: 'notes', id }));
    expect(await statements(() => storage.get([...refs, { collection: 'jobs', id: 'j' }]))).toBe(1);
    expect(await statements(() => storage.query({ collection: 'notes', index: 'byTime', limit: 9 }))).toBe(1);
    expect(await statements(() => storage.claim({ collection: 'jobs', limit: 9, leaseMs: 1 }))).toBe(1);
    expect(await statements(() => storage.throttle([{ key: 'k', limit: 1, periodMs: 1 }]))).toBe(1);
  });

  it('opening what is in place only reads', async () => {
    const first = create();
    await first.open([NOTES, JOBS]);
    const pool = recording(suite.pool);
    const second = create({ pool, namespace: first.namespace });
    await second.open([NOTES, JOBS]);
    expect(pool.sent.filter((text) => /^\s*(CREATE|INSERT|LOCK|BEGIN|UPDATE)/.test(text))).toEqual([]);
  });

  it('parsers that the host installed for all of pg change nothing', async () => {
    const before = [20, 17, 3802].map((type) => [type, pg.types.getTypeParser(type)] as const);
    onTestFinished(() => {
      for (const [type, parser] of before) pg.types.setTypeParser(type, parser);
    });
    for (const [type] of before) pg.types.setTypeParser(type, () => 'parsed by the host');
    const storage = create();
    await storage.open([NOTES]);
    await storage.commit([put('a', { time: 1 }, { bytes: Uint8Array.of(1, 2), expiresAt: 9e12 })]);
    expect(await read(storage, 'a')).toMatchObject({ data: { time: 1 }, bytes: Uint8Array.of(1, 2), expiresAt: 9e12 });
  });
});

describe('locks', () => {
  it('checks of one document pass one another, and a put waits for them', async () => {
    const storage = create();
    await storage.open([NOTES]);
    const shared = put('shared');
    await storage.commit([shared]);
    const rival = await suite.pool.connect();
    await rival.query('BEGIN');
    await rival.query(`SELECT 1 FROM ${storage.namespace}$notes WHERE id = 'shared' FOR SHARE`);
    const check = { kind: 'check', collection: 'notes', id: 'shared', ifVersion: shared.version } as const;
    expect(await storage.commit([check, put('mine', { title: 'M' })])).toEqual({ committed: true });
    let landed = false;
    const waiting = storage.commit([put('shared', { time: 1 })]).then(() => {
      landed = true;
    });
    const blocked = `SELECT count(*)::int AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%${storage.namespace}%'`;
    await vi.waitFor(async () => expect((await suite.pool.query(blocked)).rows[0].n).toBe(1), { timeout: 30_000 });
    expect(landed).toBe(false);
    await rival.query('COMMIT');
    rival.release();
    await waiting;
    expect((await read(storage, 'shared'))?.data).toEqual({ time: 1 });
  });

  it('commits over documents and unique values in any order all end', async () => {
    const stores = [create(), create({ serverFunctions: false })];
    const [first, second] = stores as [PostgresStorage, PostgresStorage];
    const other = create({ namespace: first.namespace, serverFunctions: false });
    await first.open([NOTES, JOBS]);
    await second.open([NOTES]);
    await other.open([NOTES, JOBS]);
    const ids = ['a', 'b', 'c', 'd'];
    const titles = ['t1', 't2', 't3', 't4'];
    const rotate = (turn: number) =>
      ids.flatMap((id, at) => [
        put(id, { title: titles[(at + turn) % 4] as string, time: turn }),
        put(id, {}, { collection: 'jobs', dueAt: turn }),
      ]);
    await first.commit(rotate(0));
    const rounds = Array.from({ length: 24 }, (_unused, turn) =>
      (turn % 2 === 0 ? first : other).commit(turn % 3 === 0 ? rotate(turn) : rotate(turn).toReversed()),
    );
    expect(await Promise.all(rounds)).toEqual(rounds.map(() => ({ committed: true })));
    const { documents } = await first.query({ collection: 'notes', index: 'byTime', limit: 9 });
    expect(new Set(documents.map(({ data }) => data.time)).size).toBe(1);
    expect(documents.map(({ data }) => data.title).sort()).toEqual(titles);
  });

  it('a removal of what is absent and an insert of it take turns', async () => {
    const storage = create();
    await storage.open([JOBS]);
    const remove = (id: string) => ({ kind: 'delete', collection: 'jobs', id }) as const;
    for (let round = 0; round < 40; round++) {
      const [x, z] = [`x${round}`, `z${round}`];
      const results = await Promise.all([
        storage.commit([put(x, {}, { collection: 'jobs' }), remove(z)]),
        storage.commit([put(z, {}, { collection: 'jobs' }), remove(x)]),
      ]);
      expect(results).toEqual([{ committed: true }, { committed: true }]);
      const left = await storage.get([x, z].map((id) => ({ collection: 'jobs', id })));
      expect(left.filter(Boolean)).toHaveLength(1);
    }
  });
});

describe('opening', () => {
  it('is safe when ten instances race on an empty namespace, functions included', async () => {
    const pools = Array.from({ length: 10 }, () => suite.newPool({ max: 2 }));
    const stores = pools.map((pool) => create({ pool, namespace: 'race' }));
    await Promise.all(stores.map((storage, at) => storage.open(at % 2 === 0 ? [NOTES, JOBS] : [JOBS, NOTES])));
    await Promise.all(stores.map((storage, at) => storage.commit([put(`n${at}`, { title: `t${at}`, time: at })])));
    const { documents } = await (stores[0] as PostgresStorage).query({
      collection: 'notes',
      index: 'byTime',
      limit: 99,
    });
    expect(documents).toHaveLength(10);
    await Promise.all(pools.map((pool) => pool.end()));
  });

  it('adds an index and a constraint under writers, and misses no document', async () => {
    for (const serverFunctions of [true, false]) {
      const writer = create({ serverFunctions });
      const other = create({ namespace: writer.namespace, serverFunctions });
      const plain = { name: 'notes' } as const;
      await writer.open([plain, JOBS]);
      await other.open([plain, JOBS]);
      const refused = { code: 'STORAGE_SCHEMA_STALE', outcome: 'none' };
      let landed = 0;
      const write = async (storage: PostgresStorage, name: string) => {
        for (let turn = 0; ; turn++) {
          const note = put(`${name} ${turn}`, { title: `${name} ${turn}`, time: turn });
          const job = put(note.id, {}, { collection: 'jobs' });
          const commit = storage.commit(turn % 2 === 0 ? [note] : [note, job]);
          const error = await commit.then(
            () => undefined,
            (thrown: unknown) => thrown,
          );
          if (error !== undefined) return expect(error).toMatchObject(refused);
          landed += 1;
        }
      };
      const writing = ['a', 'b', 'c', 'd'].map((name, at) => write(at % 2 === 0 ? writer : other, name));
      await vi.waitFor(() => expect(landed).toBeGreaterThan(30), { timeout: 30_000 });
      const grown = create({ namespace: writer.namespace, serverFunctions });
      await grown.open([NOTES]);
      await Promise.all(writing);
      const unclaimed = await suite.pool.query(`SELECT count(*)::int AS n FROM ${writer.namespace}$notes AS d
        LEFT JOIN ${writer.namespace}$_unique AS u ON u.id = d.id WHERE u.id IS NULL`);
      expect(unclaimed.rows).toEqual([{ n: 0 }]);
      expect(await grown.count({ collection: 'notes', index: 'byTime', upTo: 1e6 })).toBe(landed);
    }
  });

  it('by a user who may create nothing works after migrationSql was run', async () => {
    const admin = create();
    const script = await admin.migrationSql([NOTES, JOBS]);
    await suite.pool.query(script);
    const role = `${suite.schema}_user`;
    await suite.pool.query(`CREATE ROLE ${role} LOGIN; GRANT USAGE ON SCHEMA ${suite.schema} TO ${role};
      GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${suite.schema} TO ${role}`);
    const pool = suite.newPool({ connectionString: `${suite.server.url}?user=${role}`, user: role });
    const storage = create({ pool, namespace: admin.namespace });
    await storage.open([NOTES, JOBS]);
    expect(await storage.commit([put('a', { title: 'A' }), put('b', { title: 'B' })])).toEqual({ committed: true });
    const grown = { ...NOTES, indexes: { ...NOTES.indexes, byPlace: { orderBy: 'place' } } };
    await expect(storage.open([grown])).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      outcome: 'none',
      retryable: false,
      facts: { sqlState: '42501' },
    });
    await suite.pool.query(await admin.migrationSql([grown]));
    await expect(storage.commit([put('c')])).rejects.toMatchObject({ code: 'STORAGE_SCHEMA_STALE' });
    await storage.open([grown]);
    expect(await storage.commit([put('c', { place: 7 })])).toEqual({ committed: true });
    expect((await storage.query({ collection: 'notes', index: 'byPlace', limit: 9 })).documents).toHaveLength(1);
  });

  it('without the permission to create functions commits statement by statement', async () => {
    const admin = create({ serverFunctions: false });
    await admin.open([NOTES]);
    const role = `${suite.schema}_plain`;
    await suite.pool.query(`CREATE ROLE ${role} LOGIN; GRANT USAGE ON SCHEMA ${suite.schema} TO ${role};
      GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${suite.schema} TO ${role}`);
    const pool = recording(suite.newPool({ connectionString: `${suite.server.url}?user=${role}`, user: role }));
    const storage = create({ pool, namespace: admin.namespace });
    await storage.open([NOTES]);
    expect(await storage.commit([put('a', { title: 'A' }), put('b', { title: 'B' })])).toEqual({ committed: true });
    expect(pool.sent).toContain('COMMIT');
    const taken = { committed: false, conflict: { write: 0, reason: 'unique', constraint: 'title' } };
    expect(await storage.commit([put('c', { title: 'B' })])).toEqual(taken);
  });
});

describe('time', () => {
  it('is the server’s: hosts that are five minutes off steal no lease', async () => {
    const [punctual, late] = [create(), create()];
    const early = create({ namespace: punctual.namespace });
    for (const storage of [punctual, early, late]) await storage.open([JOBS]);
    const server = await suite.pool.query('SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::text AS now');
    const now = Number(server.rows[0].now);
    await punctual.commit([put('job', {}, { collection: 'jobs', dueAt: now - 1 })]);
    const request = { collection: 'jobs', limit: 1, leaseMs: 60_000 };
    const [mine] = await punctual.claim(request);
    expect(mine?.dueAt).toBeGreaterThanOrEqual(now + 60_000);
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    for (const offset of [300_000, -300_000]) {
      vi.setSystemTime(now + offset);
      expect(await early.claim(request)).toEqual([]);
      const fresh = put(`job ${offset}`, {}, { collection: 'jobs', dueAt: now - 1, dueQueue: `${offset}` });
      await early.commit([fresh]);
      const [leased] = await early.claim({ ...request, queue: `${offset}` });
      expect(Math.abs((leased?.dueAt as number) - now - 60_000)).toBeLessThan(60_000);
    }
  });
});

describe('watching', () => {
  it('goes on after its connection was cut, and says that something may have been missed', async () => {
    const storage = create();
    await storage.open([NOTES]);
    const seen: (readonly string[] | undefined)[] = [];
    await storage.watch('notes', (ids) => seen.push(ids));
    await storage.commit([put('before')]);
    await vi.waitFor(() => expect(seen).toEqual([['before']]), { timeout: 30_000 });
    await suite.pool.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'`);
    await vi.waitFor(() => expect(seen).toContain(undefined), { timeout: 30_000 });
    await storage.commit([put('after')]);
    await vi.waitFor(() => expect(seen).toContainEqual(['after']), { timeout: 30_000 });
  });

  it('tells of more than thirty changes, or of very long ids, without their ids', async () => {
    const storage = create();
    await storage.open([NOTES]);
    const seen: (readonly string[] | undefined)[] = [];
    await storage.watch('notes', (ids) => seen.push(ids));
    await storage.commit(Array.from({ length: 31 }, (_unused, at) => put(`n${at}`)));
    await vi.waitFor(() => expect(seen).toEqual([undefined]), { timeout: 30_000 });
    await storage.commit(Array.from({ length: 25 }, (_unused, at) => put(`${at}`.padEnd(400, 'x'))));
    await vi.waitFor(() => expect(seen).toEqual([undefined, undefined]), { timeout: 30_000 });
    await storage.commit([put('short')]);
    await vi.waitFor(() => expect(seen).toEqual([undefined, undefined, ['short']]), { timeout: 30_000 });
  });

  it('gathers what is committed while a notice is under way', async () => {
    const storage = create();
    await storage.open([NOTES]);
    const seen: (readonly string[] | undefined)[] = [];
    await storage.watch('notes', (ids) => seen.push(ids));
    const ids = Array.from({ length: 20 }, (_unused, at) => `n${at}`);
    await Promise.all(ids.map((id) => storage.commit([put(id)])));
    await vi.waitFor(() => expect(seen.flatMap((told) => told ?? ids).sort()).toEqual([...ids].sort()), {
      timeout: 30_000,
    });
  });

  it('is refused on a pool of one connection, which it would keep', async () => {
    const storage = create({ pool: suite.newPool({ max: 1 }) });
    await storage.open([NOTES]);
    const watching = storage.watch('notes', () => undefined);
    await expect(watching).rejects.toMatchObject({ code: 'STORAGE_UNSAFE_CONFIG' });
    expect(await storage.commit([put('a')])).toEqual({ committed: true });
  });

  it('can be left out', async () => {
    const storage = create({ watch: false });
    expect(storage.capabilities.watch).toBe(false);
    expect(storage.watch).toBeUndefined();
    await storage.open([NOTES]);
    expect(await storage.commit([put('a')])).toEqual({ committed: true });
  });
});

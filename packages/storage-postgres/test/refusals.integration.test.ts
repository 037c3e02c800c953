import { PostgresStorage, type PostgresStorageOptions } from '@chancery/storage-postgres';
import { Pool } from 'pg';
import { describe, expect, it, onTestFinished } from 'vitest';
import { JOBS, NOTES, put, read } from './support/notes.ts';
import { postgresSuite } from './support/postgres-suite.ts';

const suite = postgresSuite({ own: true });
let namespaces = 0;

function create(options: Partial<PostgresStorageOptions> = {}): PostgresStorage {
  namespaces += 1;
  const defaults = { pool: suite.pool, namespace: `n${namespaces}`, durability: 'async' } as const;
  const storage = new PostgresStorage({ ...defaults, ...options });
  onTestFinished(() => storage.close());
  return storage;
}

describe('options', () => {
  it.each([
    [{}, 'exactly one'],
    [{ folder: 'a', pglite: {} }, 'exactly one'],
    [{ folder: '' }, 'folder'],
    [{ pool: {} }, 'pool'],
    [{ folder: 'a', namespace: 'Upper' }, 'namespace'],
    [{ folder: 'a', schema: 'a"b' }, 'schema'],
    [{ folder: 'a', replica: {} }, 'replica'],
    [{ folder: 'a', durability: 'Durable' }, 'durability'],
    [{ folder: 'a', watch: 'false' }, 'watch'],
    [{ folder: 'a', clock: 7 }, 'clock'],
    [{ folder: 'a', namespac: 'tenant' }, '"namespac"'],
    [undefined, 'options'],
  ])('%j are refused', (options, text) => {
    expect(() => new PostgresStorage(options as PostgresStorageOptions)).toThrow(
      expect.objectContaining({ code: 'STORAGE_INVALID', message: expect.stringContaining(text) }),
    );
  });
});

describe('a server that breaks the contract', () => {
  it.each([
    ['fsync off under a promise of durability', { durability: 'durable' }, 'fsync'],
    ['transactions that are serializable', { isolation: 'serializable' }, 'default_transaction_isolation'],
    ['a database that is not in UTF8', { database: 'latin' }, 'LATIN1'],
    ['a search path that leads nowhere', { path: 'nowhere' }, 'search_path'],
  ] as const)('is refused: %s', async (_name, fault, text) => {
    if ('database' in fault) {
      await suite.pool.query(`CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0`);
    }
    const settings = [
      ...('isolation' in fault ? [`-c default_transaction_isolation=${fault.isolation}`] : []),
      `-c search_path=${'path' in fault ? fault.path : 'database' in fault ? 'public' : suite.schema}`,
    ];
    const url = 'database' in fault ? suite.server.url.replace(/postgres$/, fault.database) : suite.server.url;
    const pool = suite.newPool({ connectionString: url, options: settings.join(' ') });
    const storage = create({ pool, ...('durability' in fault && { durability: fault.durability }) });
    await expect(storage.open([NOTES])).rejects.toMatchObject({
      code: 'STORAGE_UNSAFE_CONFIG',
      message: expect.stringContaining(text),
    });
    await pool.end();
  });

  it('is refused: a schema that does not exist', async () => {
    const storage = create({ schema: 'nowhere' });
    await expect(storage.open([NOTES])).rejects.toMatchObject({ code: 'STORAGE_UNSAFE_CONFIG', outcome: 'none' });
  });
});

describe('a server that cannot', () => {
  it('be reached says so, and never looks empty', async () => {
    const pool = new Pool({ host: '127.0.0.1', port: 1, connectionTimeoutMillis: 2000 });
    const storage = create({ pool });
    const unavailable = { code: 'STORAGE_UNAVAILABLE', retryable: true, outcome: 'none' };
    await expect(storage.open([NOTES])).rejects.toMatchObject(unavailable);
    await expect(storage.health()).rejects.toMatchObject(unavailable);
    await pool.end();
  });

  it('let the user in says that no retry helps, and names no password', async () => {
    const url = suite.server.url.replace('postgres@', 'stranger:hush@');
    const storage = create({ pool: suite.newPool({ connectionString: url }) });
    const error = await storage.open([NOTES]).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'STORAGE_UNAVAILABLE', retryable: false, outcome: 'none' });
    expect(String(error)).toMatch(/28/);
    expect(String(error)).not.toContain('hush');
  });

  it('write says so, and goes on reading', async () => {
    const writer = create();
    await writer.open([NOTES, JOBS]);
    await writer.commit([put('a')]);
    const pool = suite.newPool({ options: `-c search_path=${suite.schema} -c default_transaction_read_only=on` });
    const storage = create({ pool, namespace: writer.namespace });
    await storage.open([NOTES, JOBS]);
    expect((await read(storage, 'a'))?.id).toBe('a');
    expect(await storage.health()).toMatchObject({ writable: false });
    const readOnly = { code: 'STORAGE_UNAVAILABLE', retryable: true, outcome: 'none', facts: { sqlState: '25006' } };
    await expect(storage.commit([put('b')])).rejects.toMatchObject(readOnly);
    await expect(storage.commit([put('c', {}, { collection: 'jobs' })])).rejects.toMatchObject(readOnly);
    await expect(storage.claim({ collection: 'jobs', limit: 1, leaseMs: 1 })).rejects.toMatchObject(readOnly);
    expect(await read(writer, 'b')).toBeUndefined();
  });
});

describe('tables that are not ours', () => {
  it('a table of another’s under the name of a collection is refused, and left alone', async () => {
    const storage = create({ namespace: 'foreign' });
    await suite.pool.query('CREATE TABLE foreign$notes (id text PRIMARY KEY, secret text)');
    await expect(storage.open([NOTES])).rejects.toMatchObject({ code: 'STORAGE_CORRUPT', outcome: 'none' });
    const { rows } = await suite.pool.query(
      `SELECT column_name FROM information_schema.columns WHERE table_name = 'foreign$notes'`,
    );
    expect(rows).toHaveLength(2);
  });

  it('a table that was dropped is damage, not emptiness', async () => {
    const storage = create();
    await storage.open([NOTES]);
    await storage.commit([put('a')]);
    await suite.pool.query(`DROP TABLE ${storage.namespace}$notes`);
    const damaged = { code: 'STORAGE_CORRUPT', outcome: 'none', retryable: false };
    await expect(read(storage, 'a')).rejects.toMatchObject(damaged);
    await expect(storage.commit([put('b')])).rejects.toMatchObject(damaged);
    await expect(storage.query({ collection: 'notes', index: 'byTime', limit: 1 })).rejects.toMatchObject(damaged);
  });

  it('errors repeat no stored value', async () => {
    const storage = create();
    await storage.open([NOTES]);
    await suite.pool.query(
      `ALTER TABLE ${storage.namespace}$notes ADD CONSTRAINT no_secrets CHECK (NOT data ? 'secret')`,
    );
    const error = await storage.commit([put('a', { secret: 'hush' })]).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'STORAGE_UNAVAILABLE', facts: { sqlState: '23514' } });
    expect(JSON.stringify([String(error), error, (error as Error).cause ?? null])).not.toContain('hush');
  });
});

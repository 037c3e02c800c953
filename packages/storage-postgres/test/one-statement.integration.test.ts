import { PostgresStorage } from '@chancery/storage-postgres';
import { describe, expect, it, onTestFinished } from 'vitest';
import { JOBS, put, read } from './support/notes.ts';
import { postgresSuite } from './support/postgres-suite.ts';

const suite = postgresSuite();
const LOG = { name: 'log' };
const job = (id: string, rest: Parameters<typeof put>[2] = {}) => put(id, {}, { collection: 'jobs', ...rest });
const entry = (id: string, rest: Parameters<typeof put>[2] = {}) => put(id, {}, { collection: 'log', ...rest });
let namespaces = 0;

async function open(options: { readonly max?: number } = {}): Promise<PostgresStorage> {
  namespaces += 1;
  const pool = suite.newPool(options);
  const storage = new PostgresStorage({ pool, namespace: `one${namespaces}`, watch: false, durability: 'async' });
  onTestFinished(() => storage.close());
  await storage.open([JOBS, LOG]);
  return storage;
}

describe('a commit of a few puts and checks', () => {
  it('is one statement without the server function', async () => {
    const storage = await open();
    await storage.commit([job('seen')]);
    const [seen] = await storage.get([{ collection: 'jobs', id: 'seen' }]);
    await suite.pool.query(`DO $$ DECLARE f regprocedure; BEGIN
      FOR f IN SELECT oid::regprocedure FROM pg_proc WHERE proname LIKE 'one${namespaces}$%' LOOP EXECUTE 'DROP FUNCTION ' || f; END LOOP;
    END $$`);
    const check = { kind: 'check', collection: 'jobs', id: 'seen', ifVersion: seen?.version as string } as const;
    expect(await storage.commit([entry('e'), job('new', { ifVersion: null }), check])).toEqual({ committed: true });
    expect(await read(storage, 'e', 'log')).toBeDefined();
    expect(await read(storage, 'new', 'jobs')).toBeDefined();
    // A fifth write is one too many for it.
    await expect(storage.commit(['a', 'b', 'c', 'd', 'e'].map((id) => job(id)))).rejects.toThrow();
  });

  it.each([
    ['the first put', () => [job('held', { ifVersion: null }), entry('e1')], { write: 0 }],
    ['the last put', () => [job('fresh'), entry('held', { ifVersion: null })], { write: 1 }],
    ['a put with a version', () => [job('fresh'), entry('held', { ifVersion: 'another' })], { write: 1 }],
    [
      'a check before the puts',
      () => [entry('fresh'), { kind: 'check', collection: 'jobs', id: 'held', ifVersion: 'another' } as const],
      { write: 1 },
    ],
    [
      'a check behind the puts',
      () => [job('fresh'), { kind: 'check', collection: 'log', id: 'held', ifVersion: 'another' } as const],
      { write: 1 },
    ],
    [
      'a check of what is absent',
      () => [job('fresh'), { kind: 'check', collection: 'log', id: 'nobody', ifVersion: 'another' } as const],
      { write: 1 },
    ],
  ] as const)('writes nothing where %s does not fit, and says which', async (_which, writes, conflict) => {
    const storage = await open();
    await storage.commit([job('held')]);
    await storage.commit([entry('held')]);
    const outcome = await storage.commit(writes());
    expect(outcome).toMatchObject({ committed: false, conflict: { ...conflict, reason: 'version' } });
    expect(await read(storage, 'fresh', 'jobs')).toBeUndefined();
    expect(await read(storage, 'fresh', 'log')).toBeUndefined();
    expect(await read(storage, 'e1', 'log')).toBeUndefined();
  });

  it('leaves absent what is expired on arrival, with the rest written', async () => {
    const storage = await open();
    expect(await storage.commit([job('lives'), entry('dead', { expiresAt: 1 })])).toEqual({ committed: true });
    expect(await read(storage, 'lives', 'jobs')).toBeDefined();
    expect(await read(storage, 'dead', 'log')).toBeUndefined();
  });

  it('puts over what has expired as over nothing', async () => {
    const storage = await open();
    await storage.commit([entry('old', { expiresAt: Date.now() + 20 })]);
    await expect.poll(() => read(storage, 'old', 'log'), { timeout: 30_000 }).toBeUndefined();
    expect(await storage.commit([job('j'), entry('old', { ifVersion: null })])).toEqual({ committed: true });
    expect(await read(storage, 'old', 'log')).toBeDefined();
  });
});

it('of two writers that each check what the other writes, one is refused', async () => {
  const storage = await open({ max: 8 });
  await storage.commit([job('a'), job('b')]);
  for (let round = 0; round < 100; round++) {
    const [a, b] = (await storage.get(['a', 'b'].map((id) => ({ collection: 'jobs', id })))).map(
      (each) => each?.version,
    );
    const cross = (written: string, from = '', checked = '', seen = '') =>
      storage.commit([
        job(written, { ifVersion: from }),
        { kind: 'check', collection: 'jobs', id: checked, ifVersion: seen },
        entry(`${written} ${round}`, { ifVersion: null }),
      ]);
    const outcomes = await Promise.all([cross('a', a, 'b', b), cross('b', b, 'a', a)]);
    expect(outcomes.filter(({ committed }) => committed)).toHaveLength(1);
    const logged = await storage.get(['a', 'b'].map((id) => ({ collection: 'log', id: `${id} ${round}` })));
    expect(logged.map((each) => each !== undefined)).toEqual(outcomes.map(({ committed }) => committed));
  }
});

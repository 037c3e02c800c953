import type { StorageBackend } from '@chancery/core/ports';
import { PostgresStorage } from '@chancery/storage-postgres';
import { RedisStorage } from '@chancery/storage-redis';
import { Redis } from 'ioredis';
import { PostgresServer } from '../packages/storage-postgres/test/support/postgres-server.ts';
import { startRedis } from '../packages/storage-redis/test/support/redis-server.ts';
import { inProcess } from './harness/contestant.ts';
import { atLeast, type Goal, type GoalContext, significant, type Table, type Verdict } from './harness/goal.ts';
import { race } from './harness/race.ts';
import { seededRandom } from './harness/random.ts';
import { fillOurs, type ItemStore, itemOf, ourItems, ownerOf, PAGE } from './workload/items.ts';

/** One database at one size. */
interface Filled {
  readonly size: number;
  readonly storage: StorageBackend;
  readonly store: ItemStore;
  /** What the items and their index entries take, in bytes a document. */
  readonly bytesEach: number;
}

interface Part {
  readonly tables: readonly Table[];
  readonly verdicts: readonly Verdict[];
  readonly notes: readonly string[];
}

/** How what one operation costs grows with what is stored. Sizes share a server and race one another. */
export const scalingGoal: Goal = async (context) => {
  const parts = [await onPostgres(context), await onRedis(context)];
  return {
    title: 'Scaling: the same operations on databases of different sizes',
    tables: parts.flatMap(({ tables }) => tables),
    verdicts: parts.flatMap(({ verdicts }) => verdicts),
    notes: parts.flatMap(({ notes }) => notes),
  };
};

async function onPostgres(context: GoalContext): Promise<Part> {
  const server = await PostgresServer.start({ settings: ['shared_buffers=512MB'] });
  try {
    const pool = server.pool();
    const filled: Filled[] = [];
    for (const size of sizes(context)) {
      const storage = new PostgresStorage({ pool, namespace: `n${size}`, durability: 'async' });
      await fill(storage, size);
      await pool.query('VACUUM ANALYZE');
      const { rows } = await pool.query(
        `SELECT pg_total_relation_size(oid) AS bytes FROM pg_class WHERE relkind = 'r' AND relname = $1`,
        [`n${size}$items`],
      );
      filled.push({ size, storage, store: await ourItems(storage), bytesEach: Number(rows[0].bytes) / size });
    }
    return await compare('Postgres', context, filled);
  } finally {
    await server.stop();
  }
}

async function onRedis(context: GoalContext): Promise<Part> {
  const server = await startRedis();
  const client = new Redis(server.url);
  const storages: RedisStorage[] = [];
  try {
    const memory = async () => Number(/used_memory:(\d+)/.exec(await client.info('memory'))?.[1]);
    const filled: Filled[] = [];
    for (const size of sizes(context)) {
      const before = await memory();
      const storage = new RedisStorage({ client, namespace: `n${size}` });
      storages.push(storage);
      await fill(storage, size);
      const bytesEach = ((await memory()) - before) / size;
      filled.push({ size, storage, store: await ourItems(storage), bytesEach });
    }
    return await compare('Redis', context, filled);
  } finally {
    for (const storage of storages) await storage.close();
    client.disconnect();
    await server.stop();
  }
}

/** `CHANCERY_BENCH_SIZES` takes others, separated by commas and rising: `10000,100000,1000000` needs some minutes. */
function sizes({ quick }: GoalContext): readonly number[] {
  const given = process.env.CHANCERY_BENCH_SIZES?.split(',').map(Number);
  return given ?? (quick ? [2_000, 10_000] : [10_000, 100_000]);
}

/** A tenth as many jobs as items. */
function fill(storage: StorageBackend, size: number): Promise<void> {
  return fillOurs(storage, size, size / 10);
}

async function compare(server: string, context: GoalContext, filled: readonly Filled[]): Promise<Part> {
  const random = seededRandom(context.seed);
  const nameOf = ({ size }: Filled) => `${size.toLocaleString('en-US')} documents`;
  const smallest = nameOf(filled[0] as Filled);
  const largest = nameOf(filled.at(-1) as Filled);
  const compareOne = async (unit: string, least: number, work: (at: Filled) => (count: number) => Promise<void>) => {
    const result = await race(
      filled.map((at) => inProcess(nameOf(at), work(at))),
      context,
    );
    const table: Table = { title: `${server}: ${unit}`, unit: 'rate', base: smallest, lanes: result.lanes };
    return { table, verdict: atLeast(least, `${smallest}, ${unit} on ${server}`, result.ratio(largest, smallest)) };
  };
  const times = (call: () => Promise<unknown>) => async (count: number) => {
    for (let i = 0; i < count; i++) await call();
  };
  const somewhere = (size: number) => Math.floor(random() * size);
  let turn = 0;
  const compared = [
    await compareOne('gets', 0.7, ({ store, size }) => times(() => store.get(itemOf(somewhere(size)).id))),
    await compareOne('pages of 100', 0.7, ({ store }) => times(() => store.page(ownerOf(++turn), PAGE))),
    await compareOne('commits', 0.5, ({ store, size }) => times(() => store.put(itemOf(somewhere(size), ++turn)))),
    await compareOne('claims by 100', 0.5, ({ store }) => times(() => store.claim(100))),
  ];
  const ends = await endsRace(server, context, filled.at(-1) as Filled);
  return {
    tables: [...compared.map(({ table }) => table), ends.table],
    verdicts: [...compared.map(({ verdict }) => verdict), ends.verdict],
    notes: filled.map((at) => `${server}, ${nameOf(at)}: ${significant(at.bytesEach)} bytes each, indexes included`),
  };
}

/** A page of 1,000 at the start of an index, and at its end. */
async function endsRace(server: string, context: GoalContext, { storage, size }: Filled) {
  const START = 'at the start';
  const END = 'at the end';
  const page = (from: number) => async (count: number) => {
    for (let i = 0; i < count; i++) {
      const { documents } = await storage.query({ collection: 'items', index: 'byTime', from, limit: 1000 });
      if (documents.length !== 1000) throw new Error(`a page of ${documents.length}`);
    }
  };
  const result = await race([inProcess(START, page(0)), inProcess(END, page(size - 1000))], context);
  const title = `${server}: pages of 1,000 out of ${size.toLocaleString('en-US')}`;
  return {
    table: { title, unit: 'rate', base: START, lanes: result.lanes } satisfies Table,
    verdict: atLeast(0.8, `a page at the start, at the end on ${server}`, result.ratio(END, START)),
  };
}

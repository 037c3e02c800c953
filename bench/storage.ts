import type { StorageBackend } from '@chancery/core/ports';
import { MemoryStorage } from '@chancery/storage-memory';
import { PostgresStorage } from '@chancery/storage-postgres';
import { RedisStorage } from '@chancery/storage-redis';
import { Redis } from 'ioredis';
import type { Pool } from 'pg';
import { PostgresServer } from '../packages/storage-postgres/test/support/postgres-server.ts';
import { startRedis } from '../packages/storage-redis/test/support/redis-server.ts';
import { inProcess } from './harness/contestant.ts';
import { atLeast, type Goal, type GoalContext, type Table, type Verdict } from './harness/goal.ts';
import { race } from './harness/race.ts';
import { OURS, ourAnswer } from './ours/issuance.ts';
import { bullmqJobs } from './peers/storage/bullmq.ts';
import { fillHandPostgres, handPostgres } from './peers/storage/hand-postgres.ts';
import { fillHandRedis, handRedis } from './peers/storage/hand-redis.ts';
import { type KeyvItems, keyvItems } from './peers/storage/keyv.ts';
import { pgBossJobs } from './peers/storage/pg-boss.ts';
import { namesOf } from './workload/csr-pool.ts';
import { createIssuance, turns } from './workload/issuance.ts';
import { fillOurs, type ItemStore, itemOf, ourItems, ownerOf, PAGE } from './workload/items.ts';
import { readyAuthority } from './workload/ready-authority.ts';

interface Part {
  readonly tables: readonly Table[];
  readonly verdicts: readonly Verdict[];
}

const BY_HAND = 'by hand';
const ONE = 'batch 1';
const HUNDRED = 'batch 100';

/** Goal 10, the Postgres half of goal 4, and each operation of a storage against the driver doing the same by hand. */
export const storageGoal: Goal = async (context) => {
  const parts = [await onPostgres(context), await onRedis(context)];
  return {
    title: 'Goals 4 (Postgres half) and 10: storage against the same work written by hand on the driver',
    tables: parts.flatMap(({ tables }) => tables),
    verdicts: parts.flatMap(({ verdicts }) => verdicts),
    notes: [
      'The servers are fresh, on loopback, and do not sync to disk: the cost of the adapter shows, not that of the disk.',
    ],
  };
};

async function onPostgres(context: GoalContext): Promise<Part> {
  const server = await PostgresServer.start();
  try {
    const pool = server.pool({ max: 4 });
    const storage = new PostgresStorage({ pool, durability: 'async' });
    const [items, jobs] = sizes(context);
    const hand = await handPostgres(pool);
    await fillOurs(storage, items, jobs);
    await fillHandPostgres(pool, items, jobs);
    await pool.query('VACUUM ANALYZE');
    const boss = await pgBossJobs(server.url, context.quick ? 20_000 : 200_000);
    const peers = { items: keyvItems('Postgres', server.url), jobs: boss, batches: [1, 100] };
    const operations = await operationRaces('Postgres', context, await ourItems(storage), hand, peers);
    const walk = await walkRace(context, storage, pool, items);
    const issue = await issueRace(context, storage, hand);
    await storage.close();
    return joined([operations, walk, issue]);
  } finally {
    await server.stop();
  }
}

async function onRedis(context: GoalContext): Promise<Part> {
  const server = await startRedis();
  const client = new Redis(server.url);
  const storage = new RedisStorage({ client });
  try {
    const [items, jobs] = sizes(context);
    await fillOurs(storage, items, jobs);
    await fillHandRedis(client, items, jobs);
    const bullmq = await bullmqJobs(client, context.quick ? 20_000 : 100_000);
    const peers = { items: keyvItems('Redis', server.url), jobs: bullmq, batches: [1] };
    return await operationRaces('Redis', context, await ourItems(storage), await handRedis(client), peers);
  } finally {
    await storage.close();
    client.disconnect();
    await server.stop();
  }
}

function sizes({ quick }: GoalContext): readonly [items: number, jobs: number] {
  return quick ? [5_000, 5_000] : [100_000, 20_000];
}

/** What others offer of the work. */
interface Peers {
  readonly items: KeyvItems;
  readonly jobs: Pick<ItemStore, 'claim'> & { readonly name: string; close(): Promise<void> };
  /** How many jobs it can be asked for at once. */
  readonly batches: readonly number[];
}

/** Puts, gets, pages and claims, one caller, each against the same by hand, and against others that do the like. */
async function operationRaces(
  server: string,
  context: GoalContext,
  ours: ItemStore,
  hand: ItemStore,
  peers: Peers,
): Promise<Part> {
  const [items] = sizes(context);
  const next = turns(items);
  let turn = 0;
  const duel = async <K extends keyof ItemStore>(
    unit: string,
    call: (store: Pick<ItemStore, K>) => Promise<unknown>,
    peer?: Pick<ItemStore, K> & { readonly name: string },
  ) => {
    const work = (store: Pick<ItemStore, K>) => async (count: number) => {
      for (let i = 0; i < count; i++) await call(store);
    };
    const others = peer === undefined ? [] : [inProcess(peer.name, work(peer))];
    const result = await race([inProcess(OURS, work(ours)), inProcess(BY_HAND, work(hand)), ...others], context);
    const table: Table = { title: `${server}: ${unit}`, unit: 'rate', base: BY_HAND, lanes: result.lanes };
    return { table, ratio: result.ratio(OURS, BY_HAND) };
  };
  for (let number = 0; number < items; number++) await peers.items.put(itemOf(number));
  const puts = await duel<'put'>(
    'commits of one document with two indexes',
    (store) => store.put(itemOf(next(), ++turn)),
    peers.items,
  );
  const gets = await duel<'get'>(
    'gets',
    async (store) => {
      if (!(await store.get(itemOf(next()).id))) throw new Error('a document is gone');
    },
    peers.items,
  );
  const pages = await duel<'page'>(`pages of ${PAGE}`, (store) => store.page(ownerOf(next()), PAGE));
  const claims = await race(
    [
      inProcess(`${OURS}, ${ONE}`, claiming(ours, 1)),
      inProcess(`${BY_HAND}, ${ONE}`, claiming(hand, 1)),
      inProcess(`${OURS}, ${HUNDRED}`, claiming(ours, 100)),
      inProcess(`${BY_HAND}, ${HUNDRED}`, claiming(hand, 100)),
      ...peers.batches.map((batch) => inProcess(`${peers.jobs.name}, batch ${batch}`, claiming(peers.jobs, batch))),
    ],
    context,
  );
  await peers.items.close();
  await peers.jobs.close();
  const claimRatio = (batch: string) => claims.ratio(`${OURS}, ${batch}`, `${BY_HAND}, ${batch}`);
  return {
    tables: [
      puts.table,
      gets.table,
      pages.table,
      { title: `${server}: claims, jobs`, unit: 'rate', base: `${BY_HAND}, ${ONE}`, lanes: claims.lanes },
    ],
    verdicts: [
      atLeast(0.5, `by hand, commits on ${server}`, puts.ratio),
      atLeast(0.8, `the driver, gets on ${server}`, gets.ratio),
      atLeast(0.7, `by hand, claims on ${server}, ${ONE}`, claimRatio(ONE)),
      atLeast(0.7, `by hand, claims on ${server}, ${HUNDRED}`, claimRatio(HUNDRED)),
      ...(server === 'Postgres'
        ? [atLeast(10, `${ONE}, claims on ${server} by 100`, claims.ratio(`${OURS}, ${HUNDRED}`, `${OURS}, ${ONE}`))]
        : []),
    ],
  };
}

/** Leases so many jobs, by batches. A batch that comes short finds all of them leased: then it waits for none. */
function claiming(store: Pick<ItemStore, 'claim'>, batch: number): (count: number) => Promise<void> {
  return async (count) => {
    for (let done = 0; done < count; ) done += await store.claim(batch);
  };
}

/** All items once, in pages of 1,000: ours by keyset, and by OFFSET as it is often written. */
async function walkRace(context: GoalContext, storage: StorageBackend, pool: Pool, items: number): Promise<Part> {
  const KEYSET = 'by keyset';
  const OFFSET = 'by OFFSET';
  const pace = { count: 1, rounds: 5 };
  const expectAll = (seen: ReadonlySet<string>, rows: number) => {
    if (seen.size !== items || rows !== items) throw new Error(`${rows} rows and ${seen.size} ids of ${items} items`);
  };
  const keyset = async () => {
    const seen = new Set<string>();
    let rows = 0;
    let cursor: string | undefined;
    do {
      const from = cursor === undefined ? {} : { cursor };
      const page = await storage.query({ collection: 'items', index: 'byTime', limit: 1000, ...from });
      for (const { id } of page.documents) seen.add(id);
      rows += page.documents.length;
      cursor = page.cursor;
    } while (cursor !== undefined);
    expectAll(seen, rows);
  };
  const offset = async () => {
    const seen = new Set<string>();
    const text = 'SELECT id, version, owner, rank, at, data FROM hand_items ORDER BY at, id LIMIT 1000 OFFSET $1';
    for (let start = 0; start < items; start += 1000) {
      for (const { id } of (await pool.query({ name: 'hand offset', text, values: [start] })).rows) seen.add(id);
    }
    expectAll(seen, seen.size);
  };
  const result = await race([inProcess(KEYSET, keyset, { pace }), inProcess(OFFSET, offset, { pace })], context);
  return {
    tables: [
      { title: `Postgres: ${items} items in pages of 1,000`, unit: 'duration', base: OFFSET, lanes: result.lanes },
    ],
    verdicts: [atLeast(1.5, 'a walk by OFFSET', result.ratio(KEYSET, OFFSET))],
  };
}

/** The whole of `authority.issue`, against the same on memory and then one upsert by hand. */
async function issueRace(context: GoalContext, storage: StorageBackend, hand: ItemStore): Promise<Part> {
  const ISSUE = 'authority.issue';
  const ISSUE_MANY = 'authority.issueMany(100)';
  const ON_MEMORY = 'authority.issue on memory, then an upsert';
  const BARE = 'bare x509 path, then an upsert';
  const issuance = createIssuance(context.folder);
  const { pems } = issuance.requests;
  const bare = await ourAnswer(issuance);
  const authority = await readyAuthority({ storage });
  const onMemory = await readyAuthority({ storage: new MemoryStorage() });
  const next = turns(pems.length);
  const request = (index: number) => ({
    csr: pems[index] as string,
    subjectAltNames: namesOf(index),
    profile: 'server',
  });
  const result = await race(
    [
      inProcess(BARE, async (count) => {
        for (let i = 0; i < count; i++) {
          const index = next();
          await bare(pems[index] as string);
          await hand.put(itemOf(index, i));
        }
      }),
      inProcess(ON_MEMORY, async (count) => {
        for (let i = 0; i < count; i++) {
          const index = next();
          await onMemory.issue(request(index));
          await hand.put(itemOf(index, i));
        }
      }),
      inProcess(ISSUE, async (count) => {
        for (let i = 0; i < count; i++) await authority.issue(request(next()));
      }),
      inProcess(ISSUE_MANY, async (count) => {
        for (let done = 0; done < count; done += 100) {
          const size = Math.min(100, count - done);
          const outcomes = await authority.issueMany(Array.from({ length: size }, () => request(next())));
          const refused = outcomes.find((outcome) => outcome.status === 'rejected');
          if (refused !== undefined) throw refused.reason;
        }
      }),
    ],
    context,
  );
  return {
    tables: [{ title: 'Postgres: certificates, one caller', unit: 'rate', base: ON_MEMORY, lanes: result.lanes }],
    verdicts: [
      atLeast(0.8, '1/(t_issue + t_upsert) on Postgres', result.ratio(ISSUE, ON_MEMORY)),
      atLeast(2, `${ISSUE} on Postgres, by issueMany(100)`, result.ratio(ISSUE_MANY, ISSUE)),
    ],
  };
}

function joined(parts: readonly Part[]): Part {
  return { tables: parts.flatMap(({ tables }) => tables), verdicts: parts.flatMap(({ verdicts }) => verdicts) };
}

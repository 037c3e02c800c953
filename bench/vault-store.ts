import { randomBytes, randomUUID } from 'node:crypto';
import { LocalKeyring, RecordVault } from '@chancery/core';
import type { StorageBackend } from '@chancery/core/ports';
import { PostgresStorage } from '@chancery/storage-postgres';
import { RedisStorage } from '@chancery/storage-redis';
import { Redis } from 'ioredis';
import { PostgresServer } from '../packages/storage-postgres/test/support/postgres-server.ts';
import { startRedis } from '../packages/storage-redis/test/support/redis-server.ts';
import { inProcess } from './harness/contestant.ts';
import { atLeast, type Goal, type GoalContext, type Table } from './harness/goal.ts';
import { type Race, race } from './harness/race.ts';

const OURS = 'Chancery';
const BARE = 'bare write';
const LENGTH = 4_096;
const OWNERS = 100;

type Store = (content: Uint8Array) => Promise<unknown>;

/** Goal 9, the half on storage: a record sealed and stored against a bare write of the same bytes. */
export const vaultStoreGoal: Goal = async (context) => {
  const parts = [await onPostgres(context), await onRedis(context)];
  return {
    title: 'Goal 9 (storage half): store a record of 4 KiB',
    tables: parts.map(({ table }) => table),
    verdicts: [
      atLeast(0.85, `a bare upsert on Postgres`, parts[0]?.ratio),
      atLeast(0.4, `a bare SET on Redis`, parts[1]?.ratio),
    ],
    notes: [
      'A new record of an owner whom the vault knows: one commit of record, check of the owner and receipt.',
      'Postgres syncs each commit to disk, as it does where durability is wanted.',
    ],
  };
};

async function onPostgres(context: GoalContext): Promise<Duel> {
  const server = await PostgresServer.start({ fsync: true });
  try {
    const pool = server.pool({ max: 4 });
    const storage = new PostgresStorage({ pool });
    await pool.query('CREATE TABLE bare (id text PRIMARY KEY, bytes bytea NOT NULL)');
    const text = 'INSERT INTO bare (id, bytes) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET bytes = $2';
    const bare: Store = (content) => pool.query({ name: 'bare', text, values: [randomUUID(), content] });
    const result = await duel('Postgres', context, storage, bare);
    await storage.close();
    return result;
  } finally {
    await server.stop();
  }
}

async function onRedis(context: GoalContext): Promise<Duel> {
  const server = await startRedis();
  const client = new Redis(server.url);
  const storage = new RedisStorage({ client });
  try {
    const bare: Store = (content) => client.set(`bare:${randomUUID()}`, Buffer.from(content));
    return await duel('Redis', context, storage, bare);
  } finally {
    await storage.close();
    client.disconnect();
    await server.stop();
  }
}

interface Duel {
  readonly table: Table;
  readonly ratio: ReturnType<Race['ratio']>;
}

async function duel(server: string, context: GoalContext, storage: StorageBackend, bare: Store): Promise<Duel> {
  const content = new Uint8Array(randomBytes(LENGTH));
  const vault = new RecordVault({ storage, keyring: LocalKeyring.generate() });
  let stored = 0;
  const ours: Store = (data) => {
    stored += 1;
    return vault.store({ ownerId: `owner ${stored % OWNERS}`, recordId: `record ${stored}`, data });
  };
  await verify(vault, content);
  for (let owner = 0; owner < OWNERS; owner++) await ours(content);
  const work = (store: Store) => async (count: number) => {
    for (let at = 0; at < count; at++) await store(content);
  };
  const result = await race([inProcess(OURS, work(ours)), inProcess(BARE, work(bare))], context);
  return {
    table: { title: `${server}: records of 4 KiB`, unit: 'rate', base: BARE, lanes: result.lanes },
    ratio: result.ratio(OURS, BARE),
  };
}

async function verify(vault: RecordVault, content: Uint8Array): Promise<void> {
  const { key = '' } = await vault.store({ ownerId: 'judge', data: content });
  const { data } = await vault.retrieve({ ownerId: 'judge', key });
  if (Buffer.compare(data, content) !== 0) throw new Error('The vault lost the content');
}

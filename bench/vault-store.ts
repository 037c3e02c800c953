import { randomBytes, randomUUID } from 'node:crypto';
import { LocalKeyring, RecordVault } from '@chancery/core';
import type { StorageBackend, Write } from '@chancery/core/ports';
import { PostgresStorage } from '@chancery/storage-postgres';
import { RedisStorage } from '@chancery/storage-redis';
import { Redis } from 'ioredis';
import { PostgresServer } from '../packages/storage-postgres/test/support/postgres-server.ts';
import { startRedis } from '../packages/storage-redis/test/support/redis-server.ts';
import { inProcess } from './harness/contestant.ts';
import { atLeast, type Goal, type GoalContext, type Table } from './harness/goal.ts';
import { type Race, race } from './harness/race.ts';

const OURS = 'Chancery';
const COMMIT = 'its commit alone';
const BARE = 'bare write';
const KIB = 1_024;
/** In bytes. The largest goes to chunk documents, in three commits. */
const LENGTHS = [256, 4 * KIB, 64 * KIB, 256 * KIB] as const;
const IN_ONE_COMMIT = 176 * KIB;
/** Those that lie in one document, and are worth sealing by themselves: what the bounds are about. */
const BOUNDED: readonly number[] = [4 * KIB, 64 * KIB];
const OWNERS = 100;
/** Until the code is compiled: a service stores more than a few. */
const WARM_UP = 2_000;

type Store = (content: Uint8Array) => Promise<unknown>;

/** Goal 9, the half on storage: a record sealed and stored against a bare write of the same bytes. */
export const vaultStoreGoal: Goal = async (context) => {
  const onEach = [
    ...(await onPostgres(context)).map((each) => ({ ...each, bound: 0.85, over: 'a bare upsert on Postgres' })),
    ...(await onRedis(context)).map((each) => ({ ...each, bound: 0.4, over: 'a bare SET on Redis' })),
  ];
  return {
    title: 'Goal 9 (storage half): store a record',
    tables: onEach.map(({ table }) => table),
    verdicts: onEach
      .filter(({ length }) => BOUNDED.includes(length))
      .map(({ bound, over, length, ratio }) => atLeast(bound, `${over}, ${sizeText(length)}`, ratio)),
    notes: [
      'A new record of an owner whom the vault knows: one commit of the record and a check of the owner, up to 176 KiB.',
      `${COMMIT}: the same writes under other ids, without the vault's work; not for 256 KiB, which takes three commits.`,
      'Postgres syncs each commit to disk, as it does where durability is wanted.',
    ],
  };
};

async function onPostgres(context: GoalContext): Promise<Duel[]> {
  const server = await PostgresServer.start({ fsync: true });
  try {
    const pool = server.pool({ max: 4 });
    const storage = new PostgresStorage({ pool });
    await pool.query('CREATE TABLE bare (id text PRIMARY KEY, bytes bytea NOT NULL)');
    const text = 'INSERT INTO bare (id, bytes) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET bytes = $2';
    const bare: Store = (content) => pool.query({ name: 'bare', text, values: [randomUUID(), content] });
    const results = await duels('Postgres', context, storage, bare);
    await storage.close();
    return results;
  } finally {
    await server.stop();
  }
}

async function onRedis(context: GoalContext): Promise<Duel[]> {
  const server = await startRedis();
  const client = new Redis(server.url);
  const storage = new RedisStorage({ client });
  try {
    const bare: Store = (content) => client.set(`bare:${randomUUID()}`, Buffer.from(content));
    return await duels('Redis', context, storage, bare);
  } finally {
    await storage.close();
    client.disconnect();
    await server.stop();
  }
}

interface Duel {
  readonly length: number;
  readonly table: Table;
  readonly ratio: ReturnType<Race['ratio']>;
}

/** One race for each length, on one vault. */
async function duels(server: string, context: GoalContext, backend: StorageBackend, bare: Store): Promise<Duel[]> {
  const { storage, commitAgain } = recording(backend);
  const vault = new RecordVault({ storage, keyring: LocalKeyring.generate() });
  let stored = 0;
  const ours: Store = (data) => {
    stored += 1;
    return vault.store({ ownerId: `owner ${stored % OWNERS}`, recordId: `record ${stored}`, data });
  };
  for (let at = 0; at < WARM_UP; at++) await ours(new Uint8Array(randomBytes(256)));
  const results: Duel[] = [];
  for (const length of LENGTHS) {
    const content = new Uint8Array(randomBytes(length));
    await verify(vault, content);
    const work = (store: Store) => async (count: number) => {
      for (let at = 0; at < count; at++) await store(content);
    };
    await ours(content);
    const alone = length > IN_ONE_COMMIT ? [] : [inProcess(COMMIT, work(commitAgain()))];
    const result = await race([inProcess(OURS, work(ours)), ...alone, inProcess(BARE, work(bare))], context);
    const title = `${server}: records of ${sizeText(length)}`;
    results.push({
      length,
      table: { title, unit: 'rate', base: BARE, lanes: result.lanes },
      ratio: result.ratio(OURS, BARE),
    });
  }
  return results;
}

/** A storage that remembers its last commit, to be sent again: what the storage takes of the time, without the vault's work. */
function recording(backend: StorageBackend): { readonly storage: StorageBackend; readonly commitAgain: () => Store } {
  let last: readonly Write[] = [];
  const commit = (writes: readonly Write[]) => {
    last = writes;
    return backend.commit(writes);
  };
  const storage = new Proxy(backend, {
    get(target, name) {
      if (name === 'commit') return commit;
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
  return {
    storage,
    commitAgain() {
      const writes = last;
      return async () => {
        const fresh = writes.map((write) =>
          write.kind === 'put' && write.ifVersion === null
            ? { ...write, id: randomUUID(), version: randomUUID() }
            : write,
        );
        if (!(await backend.commit(fresh)).committed) throw new Error('The commit was refused the second time');
      };
    },
  };
}

function sizeText(length: number): string {
  return length < KIB ? `${length} B` : `${length / KIB} KiB`;
}

async function verify(vault: RecordVault, content: Uint8Array): Promise<void> {
  const { key = '' } = await vault.store({ ownerId: 'judge', data: content });
  const { data } = await vault.retrieve({ ownerId: 'judge', key });
  if (Buffer.compare(data, content) !== 0) throw new Error('The vault lost the content');
}

import type { Redis } from 'ioredis';
import { type ItemStore, itemOf, jobOf, LEASE_MS } from '../../workload/items.ts';

/**
 * What one would write by hand on ioredis for this very work: a hash a document, a sorted set an index, and one EVALSHA an
 * operation where more than one key changes.
 */
export async function handRedis(client: Redis): Promise<ItemStore> {
  const put = String(await client.script('LOAD', PUT));
  const page = String(await client.script('LOAD', PAGE_OF_OWNER));
  const claim = String(await client.script('LOAD', CLAIM));
  let versions = 0;
  return {
    put: async (item) => {
      const { id, owner, rank, at } = item;
      await client.evalsha(put, 1, `{hand}:${id}`, id, `v${++versions}`, JSON.stringify(item), owner, rank, at);
    },
    get: async (id) => (await client.hmget(`{hand}:${id}`, 'version', 'data'))[0] !== null,
    page: async (owner, limit) => ((await client.evalsha(page, 1, `{hand}.owner:${owner}`, limit)) as string[]).length,
    claim: async (limit) => ((await client.evalsha(claim, 1, '{hand}.due', limit, LEASE_MS)) as string[]).length,
  };
}

/** Fills the keys of the hand-written side. */
export async function fillHandRedis(client: Redis, items: number, jobs: number): Promise<void> {
  const store = await handRedis(client);
  for (let done = 0; done < items; done += 500) {
    const size = Math.min(500, items - done);
    await Promise.all(Array.from({ length: size }, (_, at) => store.put(itemOf(done + at))));
  }
  for (let done = 0; done < jobs; done += 500) {
    const batch = client.pipeline();
    for (let number = done; number < Math.min(done + 500, jobs); number++) {
      batch.hset(`{hand}:${jobOf(number)}`, 'version', 'v', 'data', `{"number":${number}}`);
      batch.zadd('{hand}.due', number, jobOf(number));
    }
    await batch.exec();
  }
}

const PUT = `local id, version, data, owner, rank, at = unpack(ARGV)
local old = redis.call('HMGET', KEYS[1], 'owner')
if old[1] and old[1] ~= owner then redis.call('ZREM', '{hand}.owner:' .. old[1], id) end
redis.call('HSET', KEYS[1], 'version', version, 'data', data, 'owner', owner)
redis.call('ZADD', '{hand}.owner:' .. owner, rank, id)
redis.call('ZADD', '{hand}.time', at, id)
return 1`;
const PAGE_OF_OWNER = `local found = {}
for i, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, ARGV[1] - 1)) do
  found[i] = redis.call('HMGET', '{hand}:' .. id, 'version', 'data')
end
return found`;
const CLAIM = `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local found = {}
for i, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[1])) do
  redis.call('HSET', '{hand}:' .. id, 'version', time[1] .. time[2] .. '-' .. i, 'dueAt', now + ARGV[2])
  redis.call('ZADD', KEYS[1], now + ARGV[2], id)
  local document = redis.call('HMGET', '{hand}:' .. id, 'version', 'data', 'dueAt')
  found[i] = {id, document[1], document[2], document[3]}
end
return found`;

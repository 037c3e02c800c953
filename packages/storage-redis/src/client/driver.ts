import { StorageError } from '@chancery/core/ports';
import type { RedisDriver } from './connection.ts';
import { ioredisDriver, isIoredis } from './ioredis.ts';
import { isNodeRedis, nodeRedisDriver } from './node-redis.ts';

/**
 * A client that the host made: `new Redis()` or `new Cluster()` of ioredis, `createClient()` or `createCluster()` of
 * node-redis. It need not be connected, and is never used itself: the storage opens connections like it.
 */
export interface RedisClientLike {
  duplicate(...overrides: never[]): unknown;
}

/**
 * Finds out by its shape which library a client is of.
 *
 * @throws {StorageError} STORAGE_INVALID: it is of none that is known
 */
export function driverFor(client: unknown): RedisDriver {
  if (typeof client === 'object' && client !== null) {
    if (isIoredis(client)) return ioredisDriver(client);
    if (isNodeRedis(client)) return nodeRedisDriver(client);
  }
  const message = 'client must be a Redis or Cluster of ioredis, or a client or cluster client of node-redis';
  throw new StorageError('STORAGE_INVALID', message, { facts: { value: 'client' } });
}

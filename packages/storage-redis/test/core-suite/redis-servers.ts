import { Redis } from 'ioredis';
import type { TestProject } from 'vitest/node';
import type { RedisServer } from '../support/redis-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The Redis servers of the core suite: one, or a node of a cluster each. */
    readonly redisUrls: readonly string[];
  }
}

type Teardown = () => Promise<void>;

/**
 * Tells the tests where their servers are, and starts them if they are not given.
 *
 * @param given the addresses of others, separated by commas
 * @returns what stops them when all files are done
 */
export async function provideRedis(
  { provide }: TestProject,
  given: string | undefined,
  start: () => Promise<readonly RedisServer[]>,
): Promise<Teardown | undefined> {
  if (given) {
    provide('redisUrls', given.split(','));
    return undefined;
  }
  const servers = await start();
  const urls = servers.map(({ url }) => url);
  provide('redisUrls', urls);
  return async () => {
    for (const server of servers) await end(server);
  };
}

/** Keys that are still there were kept by a file with a failed test: they are saved before the server goes. */
async function end(server: RedisServer): Promise<void> {
  const client = new Redis(server.url);
  const left = await client.dbsize();
  if (left > 0) await client.call('SAVE');
  client.disconnect();
  if (left === 0) return server.stop();
  await server.kill();
  console.warn(`${left} keys of this Redis are kept in ${server.folder}`);
}

import { RedisStorage } from '@chancery/storage-redis';
import type { Cluster, Redis } from 'ioredis';
import { useTestDatabase } from '../../../core/test/support/test-namespaces.ts';

/**
 * Runs the tests of this file on Redis.
 *
 * @param client of the single server, or of the cluster; ended after the tests
 * @param nodes a client of each server that holds keys
 */
export function useRedis(client: Redis | Cluster, nodes: () => readonly Redis[]): void {
  useTestDatabase({
    open: (namespace, clock) => new RedisStorage({ client, namespace, clock }),
    end: async (namespaces, { keep }) => {
      if (!keep) for (const node of nodes()) await removeNamespaces(node, new Set(namespaces));
      client.disconnect();
    },
  });
}

/** Every key of a namespace has it as its hash tag. */
async function removeNamespaces(node: Redis, namespaces: ReadonlySet<string>): Promise<void> {
  let cursor = '0';
  do {
    const [next, keys] = await node.scan(cursor, 'COUNT', 1000);
    const ours = keys.filter((key) => namespaces.has(/^\{([^}]*)\}/.exec(key)?.[1] ?? ''));
    // One by one: in a cluster the keys of a command lie in one slot.
    await Promise.all(ours.map((key) => node.unlink(key)));
    cursor = next;
  } while (cursor !== '0');
}

import { type RedisClientLike, RedisStorage, type RedisStorageOptions } from '@chancery/storage-redis';
import { Cluster, Redis } from 'ioredis';
import { createClient, createCluster } from 'redis';
import { type RedisServer, startCluster, startRedis } from './redis-server.ts';

/** A kind of client and a kind of server. */
export interface Setting {
  /** A client as a host would make it, unconnected. */
  readonly client: RedisClientLike;
  /** Sends a command to the node that has a key. */
  command(key: string, ...words: string[]): Promise<unknown>;
  readonly nodes: readonly RedisServer[];
  stop(): Promise<void>;
}

export type Library = 'ioredis' | 'node-redis';

/** A single server, and a client of a library for it. */
export async function single(library: Library, settings: readonly string[] = []): Promise<Setting> {
  const server = await startRedis(settings);
  const admin = new Redis(server.url);
  const client = clientFor(library, server.url);
  return {
    client,
    command: (_key, name, ...words) => admin.call(name as string, ...words),
    nodes: [server],
    stop: async () => {
      admin.disconnect();
      await server.stop();
    },
  };
}

/** A cluster of three, and a cluster client of a library for it. */
export async function cluster(library: Library): Promise<Setting> {
  const { nodes, stop } = await startCluster();
  const places = nodes.map(({ port }) => ({ host: '127.0.0.1', port }));
  const admin = new Cluster(places);
  const client =
    library === 'ioredis'
      ? new Cluster(places, { lazyConnect: true })
      : createCluster({ rootNodes: nodes.map(({ url }) => ({ url })) });
  return {
    client,
    command: (_key, name, ...words) => admin.call(name as string, ...words),
    nodes,
    stop: async () => {
      admin.disconnect();
      await stop();
    },
  };
}

/** A client of a library, unconnected. */
export function clientFor(library: Library, url: string): RedisClientLike {
  return library === 'ioredis' ? new Redis(url, { lazyConnect: true }) : createClient({ url });
}

/** A storage of a setting. */
export function storageOn(setting: Pick<Setting, 'client'>, options: Partial<RedisStorageOptions> = {}): RedisStorage {
  return new RedisStorage({ client: setting.client, ...options });
}

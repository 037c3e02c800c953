import { RedisStorage } from '@chancery/storage-redis';
import { Cluster, Redis } from 'ioredis';
import { createCluster } from 'redis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { audit } from './support/audit.ts';
import { JOBS, put, ref } from './support/documents.ts';
import { type RedisCluster, startCluster, until } from './support/redis-server.ts';

/** For answers that come, longer than a busy machine stands still. */
const PATIENT_MS = 30_000;

describe('a cluster that moves the slot of a namespace', () => {
  let cluster: RedisCluster;
  let nodes: Redis[];

  beforeAll(async () => {
    cluster = await startCluster();
    nodes = cluster.nodes.map(({ port }) => new Redis(port, '127.0.0.1'));
  });
  afterAll(async () => {
    for (const node of nodes) node.disconnect();
    await cluster.stop();
  });

  it.each(['ioredis', 'node-redis'] as const)(
    'makes %s wait rather than take what has left for absent',
    async (library) => {
      const places = cluster.nodes.map(({ port }) => ({ host: '127.0.0.1', port }));
      const client =
        library === 'ioredis'
          ? new Cluster(places, { lazyConnect: true, retryDelayOnTryAgain: 5 })
          : createCluster({ rootNodes: cluster.nodes.map(({ url }) => ({ url })) });
      const namespace = library === 'ioredis' ? 'moving' : 'going';
      const storage = new RedisStorage({ client, namespace, timeoutMs: PATIENT_MS });
      await storage.open([JOBS]);
      const ids = ['a', 'b', 'c'];
      const before = ids.map((id, rank) => put(id, { rank, owner: 'ann', email: id }));
      await storage.commit(before);

      const key = `{${namespace}}:schema`;
      const slot = Number(await nodes[0]?.call('CLUSTER', 'KEYSLOT', key));
      const names = await Promise.all(nodes.map((node) => node.call('CLUSTER', 'MYID').then(String)));
      const from = [5460, 10_922, 16_383].findIndex((last) => slot <= last);
      const to = (from + 1) % 3;
      const [source, target] = [nodes[from] as Redis, nodes[to] as Redis];
      await target.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', names[from] as string);
      await source.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', names[to] as string);
      const move = (...keys: string[]) =>
        source.call('MIGRATE', '127.0.0.1', places[to]?.port as number, '', 0, PATIENT_MS, 'KEYS', ...keys);

      const refused = { code: 'STORAGE_UNAVAILABLE', outcome: 'none', retryable: true };
      const creates = () => storage.commit([{ ...put('a', { rank: 9 }), ifVersion: null }]);
      const reads = () => storage.get(ids.map(ref));
      const queries = () => storage.query({ collection: 'jobs', index: 'byRank', limit: 9 });
      await move(`{${namespace}}:d:jobs:a`, `{${namespace}}:i:jobs:byRank:`);
      for (const call of [creates, reads, queries]) await expect(call()).rejects.toMatchObject(refused);
      expect((await storage.get([ref('a')]))[0]?.version).toBe(before[0]?.version);
      // The other half of the move: now what the scripts name has left too.
      await move(key);
      for (const call of [creates, reads, queries]) await expect(call()).rejects.toMatchObject(refused);

      const rest = (await source.call('CLUSTER', 'GETKEYSINSLOT', slot, 1000)) as string[];
      await move(...rest);
      for (const node of nodes) await node.call('CLUSTER', 'SETSLOT', slot, 'NODE', names[to] as string);
      await until(() =>
        reads().then(
          (found) => found.every((document, at) => document?.version === before[at]?.version),
          () => false,
        ),
      );
      const conflict = { write: 0, reason: 'version', actual: before[0]?.version };
      expect(await creates()).toEqual({ committed: false, conflict });
      const command = (_key: string, name: string, ...words: string[]) => target.call(name, ...words);
      expect(await audit({ command }, namespace)).toEqual({ documents: 3, faults: [] });
      await storage.close();
    },
  );
});

import type { TestProject } from 'vitest/node';
import { startCluster } from '../support/redis-server.ts';
import { provideRedis } from './redis-servers.ts';

/** Starts a Redis Cluster of three, unless TEST_REDIS_CLUSTER_URLS names the nodes of another, separated by commas. */
export function setup(project: TestProject) {
  return provideRedis(project, process.env.TEST_REDIS_CLUSTER_URLS, async () => (await startCluster()).nodes);
}

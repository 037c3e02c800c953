import type { TestProject } from 'vitest/node';
import { startRedis } from '../support/redis-server.ts';
import { provideRedis } from './redis-servers.ts';

/** Starts one Redis server for all files of the core suite, unless TEST_REDIS_URL names another. */
export function setup(project: TestProject) {
  return provideRedis(project, process.env.TEST_REDIS_URL, async () => [await startRedis()]);
}

import { Cluster } from 'ioredis';
import { inject } from 'vitest';
import { useRedis } from './use-redis.ts';

// A setup file.
const client = new Cluster([...inject('redisUrls')]);
useRedis(client, () => client.nodes('master'));

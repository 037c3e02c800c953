import { Redis } from 'ioredis';
import { inject } from 'vitest';
import { useRedis } from './use-redis.ts';

// A setup file.
const client = new Redis(inject('redisUrls')[0] as string);
useRedis(client, () => [client]);

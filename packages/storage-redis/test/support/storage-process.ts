import { RedisStorage } from '@chancery/storage-redis';
import { Redis } from 'ioredis';
import type { OpenStorage } from '../../../core/test/support/storage-process.ts';

/** Opens the storage at `url`. */
export const openStorage: OpenStorage = ({ url = '', namespace = 'chancery' }) =>
  new RedisStorage({ client: new Redis(url, { lazyConnect: true }), namespace });

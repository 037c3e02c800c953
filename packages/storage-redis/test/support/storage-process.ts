import { RedisStorage } from '@chancery/storage-redis';
import { Redis } from 'ioredis';
import type { OpenStorage } from '../../../core/test/support/storage-process.ts';

/** Opens the storage at `url`; by a clock that is `clockAheadMs` ahead, if that is given. */
export const openStorage: OpenStorage = ({ url = '', namespace = 'chancery', clockAheadMs }) => {
  const clock = clockAheadMs === undefined ? {} : { clock: { now: () => Date.now() + Number(clockAheadMs) } };
  return new RedisStorage({ client: new Redis(url, { lazyConnect: true }), namespace, ...clock });
};

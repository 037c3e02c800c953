export type { RedisClientLike } from './client/driver.ts';
export { RedisStorage, type RedisStorageOptions } from './redis-storage.ts';

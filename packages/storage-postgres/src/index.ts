export type { PostgresStorageOptions } from './options.ts';
export type { PostgresClient, PostgresNotice, PostgresPool, PostgresQuery } from './pg-pool.ts';
export type { PgliteDatabase, PgliteSession } from './pglite-driver.ts';
export { PostgresStorage } from './postgres-storage.ts';

export { MemoryDatabase } from './memory-database.ts';
export { MemoryStorage, type MemoryStorageOptions } from './memory-storage.ts';

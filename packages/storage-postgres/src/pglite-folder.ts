import { resolve } from 'node:path';
import { StorageError } from '@chancery/core/ports';
import { FolderLock } from './folder-lock.ts';
import { type PgliteDatabase, PgliteDriver } from './pglite-driver.ts';

/** PGlite on a folder that no other process, and nothing else in this one, has open. */
export function folderDriver(folder: string): PgliteDriver {
  let lock: FolderLock | undefined;
  const start = async (): Promise<PgliteDatabase> => {
    const taken = await FolderLock.take(folder);
    try {
      const { PGlite } = await loadPglite();
      // As an absolute path it is a folder, whatever PGlite makes of other schemes.
      const database = (await PGlite.create(resolve(folder))) as PgliteDatabase;
      lock = taken;
      return database;
    } catch (error) {
      await taken.release();
      throw error;
    }
  };
  const stop = async (database: PgliteDatabase): Promise<void> => {
    try {
      await database.close();
    } finally {
      await lock?.release();
    }
  };
  return new PgliteDriver(start, stop);
}

async function loadPglite(): Promise<typeof import('@electric-sql/pglite')> {
  try {
    return await import('@electric-sql/pglite');
  } catch (cause) {
    const message = 'the option "folder" needs the package @electric-sql/pglite, which could not be loaded';
    throw new StorageError('STORAGE_UNSAFE_CONFIG', message, { cause, facts: { package: '@electric-sql/pglite' } });
  }
}

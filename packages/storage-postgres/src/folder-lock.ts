import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { kill, pid } from 'node:process';
import { StorageError } from '@chancery/core/ports';

/** Folders that this process has locked: its own pid in a lock file may be that of an earlier process. */
const held = new Set<string>();

/**
 * Exclusive use of a folder by a file beside it that names the process. Two processes that open one PGlite folder destroy it.
 *
 * A lock whose process is gone is taken over. Processes on other machines, or in containers that do not share
 * process ids, are not seen.
 */
export class FolderLock {
  readonly #file: string;

  private constructor(file: string) {
    this.#file = file;
  }

  /** @throws {StorageError} STORAGE_UNSAFE_CONFIG: the folder is in use */
  static async take(folder: string): Promise<FolderLock> {
    const file = `${resolve(folder)}.lock`;
    if (held.has(file)) throw inUse(folder, pid);
    held.add(file);
    try {
      await mkdir(dirname(file), { recursive: true });
      // Each turn ends a lock of a process that is gone; they cannot go on for ever.
      for (let turn = 0; turn < 10; turn++) {
        if (await create(file)) return new FolderLock(file);
        const owner = await readOwner(file);
        if (owner !== undefined && owner !== pid && isAlive(owner)) throw inUse(folder, owner);
        if (owner !== undefined) await dropStale(file, owner);
      }
      throw inUse(folder, undefined);
    } catch (error) {
      held.delete(file);
      throw error;
    }
  }

  async release(): Promise<void> {
    if (!held.has(this.#file)) return;
    await rm(this.#file, { force: true });
    held.delete(this.#file);
  }
}

/** Puts the file in place whole or not at all, so that nobody reads half of one. */
async function create(file: string): Promise<boolean> {
  const draft = `${file}.${pid}`;
  await writeFile(draft, `${pid}\n`);
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/** The pid in the file: 0 if there is none in it, `undefined` if the file is gone. */
async function readOwner(file: string): Promise<number | undefined> {
  try {
    const owner = Number.parseInt(await readFile(file, 'utf8'), 10);
    return Number.isSafeInteger(owner) && owner > 0 ? owner : 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Two that find one stale lock may both come here: what is moved away is looked at again, and put back if it is alive. */
async function dropStale(file: string, owner: number): Promise<void> {
  const aside = `${file}.${pid}.stale`;
  try {
    await rename(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const moved = await readOwner(aside);
  if (moved !== undefined && moved !== owner) await link(aside, file).catch(() => undefined);
  await rm(aside, { force: true });
}

function isAlive(owner: number): boolean {
  if (owner === 0) return false;
  try {
    return kill(owner, 0);
  } catch (error) {
    // EPERM: it is there, and another user's.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function inUse(folder: string, owner: number | undefined): StorageError {
  const by = owner === undefined ? 'another process' : owner === pid ? 'this process' : `process ${owner}`;
  return new StorageError(
    'STORAGE_UNSAFE_CONFIG',
    `the folder "${folder}" is in use by ${by}: share one storage instead`,
    {
      facts: { folder, ...(owner !== undefined && { pid: owner }) },
    },
  );
}

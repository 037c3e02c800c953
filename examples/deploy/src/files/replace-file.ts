import { open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** How a file is written. */
export interface ReplaceFileOptions {
  /** Permissions, which no other process ever sees wider. Default: read and written by its owner alone. */
  readonly mode?: number;
}

/**
 * Writes a file so that readers see the old content or the new, and a crash leaves one of the two.
 *
 * @param file where to
 * @param content all of it
 */
export async function replaceFile(
  file: string,
  content: string | Uint8Array,
  options: ReplaceFileOptions = {},
): Promise<void> {
  const { mode = 0o600 } = options;
  const temporary = join(dirname(file), `.${process.pid}.${Math.random().toString(36).slice(2)}.tmp`);
  try {
    await writeDurably(temporary, content, mode);
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(file));
}

/** Writes a file that is not there yet, and has it on disk when it resolves. */
export async function writeDurably(file: string, content: string | Uint8Array, mode: number): Promise<void> {
  const handle = await open(file, 'wx', mode);
  try {
    // The mode of `open` is narrowed by the umask.
    await handle.chmod(mode);
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Has what was renamed in a folder on disk. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

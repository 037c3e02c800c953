import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** A fresh cluster of PGlite as a tar file: starting from it takes a seventh of the time. */
    readonly pgliteImage: string;
  }
}

/** Makes one fresh database for all files of the core suite to start from. */
export async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'chancery-pglite-'));
  const pglite = await PGlite.create();
  const image = await pglite.dumpDataDir('none');
  await pglite.close();
  const path = join(folder, 'image.tar');
  await writeFile(path, new Uint8Array(await image.arrayBuffer()));
  provide('pgliteImage', path);
  return () => rm(folder, { recursive: true, force: true });
}

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { FolderLock } from '../src/folder-lock.ts';

function folder(): { readonly path: string; readonly lock: string; readonly parent: string } {
  const parent = mkdtempSync(join(tmpdir(), 'chancery-lock-'));
  onTestFinished(() => rmSync(parent, { recursive: true, force: true }));
  return { parent, path: join(parent, 'data'), lock: join(parent, 'data.lock') };
}

it('is held once, and leaves nothing', async () => {
  const { path, lock, parent } = folder();
  const held = await FolderLock.take(path);
  expect(readFileSync(lock, 'utf8')).toBe(`${process.pid}\n`);
  await expect(FolderLock.take(`${path}/../data`)).rejects.toMatchObject({ code: 'STORAGE_UNSAFE_CONFIG' });
  await held.release();
  await held.release();
  expect(readdirSync(parent)).toEqual([]);
  await (await FolderLock.take(path)).release();
});

it('of many at the same time one has it', async () => {
  const { path } = folder();
  const taken = await Promise.allSettled(Array.from({ length: 8 }, () => FolderLock.take(path)));
  const held = taken.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  expect(held).toHaveLength(1);
  await held[0]?.release();
});

it.each([
  ['of a process that is gone', '999999999\n'],
  ['of an earlier process with this one’s id', `${process.pid}\n`],
  ['that a crash left empty', ''],
  ['with something else in it', 'nonsense'],
])('takes over a file %s', async (_name, content) => {
  const { path, lock, parent } = folder();
  writeFileSync(lock, content);
  const held = await FolderLock.take(path);
  expect(readFileSync(lock, 'utf8')).toBe(`${process.pid}\n`);
  await held.release();
  expect(readdirSync(parent)).toEqual([]);
});

it('respects a process that lives', async () => {
  const { path, lock } = folder();
  writeFileSync(lock, `${process.ppid}\n`);
  await expect(FolderLock.take(path)).rejects.toMatchObject({
    code: 'STORAGE_UNSAFE_CONFIG',
    facts: { pid: process.ppid },
  });
  expect(existsSync(lock)).toBe(true);
});

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PostgresStorage } from '@chancery/storage-postgres';
import { PGlite } from '@electric-sql/pglite';
import { expect, it, onTestFinished, vi } from 'vitest';
import { NOTES, put, read } from './support/notes.ts';

function folder(): string {
  const parent = mkdtempSync(join(tmpdir(), 'chancery-pglite-'));
  onTestFinished(() => rmSync(parent, { recursive: true, force: true }));
  return join(parent, 'data');
}

it('a folder keeps what was committed, is locked while it is open, and free again after', async () => {
  const path = folder();
  const first = new PostgresStorage({ folder: path });
  expect(first.capabilities).toEqual({ durability: 'async', watch: true });
  await first.open([NOTES]);
  const note = put('a', { title: 'T', time: 1 }, { bytes: Uint8Array.of(1, 2) });
  await first.commit([note]);
  const second = new PostgresStorage({ folder: path });
  await expect(second.open([NOTES])).rejects.toMatchObject({
    code: 'STORAGE_UNSAFE_CONFIG',
    message: expect.stringContaining('this process'),
  });
  const seen: unknown[] = [];
  await first.watch('notes', (ids) => seen.push(ids));
  await first.commit([put('b', { time: 2 })]);
  await vi.waitFor(() => expect(seen).toEqual([['b']]), { timeout: 30_000 });
  await first.close();
  expect(existsSync(`${path}.lock`)).toBe(false);

  // The one that was refused may try again.
  await second.open([NOTES]);
  expect(await read(second, 'a')).toMatchObject({ version: note.version, bytes: Uint8Array.of(1, 2) });
  await second.close();
});

it('a lock of a process that lives is respected, and one of a process that is gone is not', async () => {
  const path = folder();
  const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  writeFileSync(`${path}.lock`, `${other.pid}\n`);
  const storage = new PostgresStorage({ folder: path });
  await expect(storage.open([NOTES])).rejects.toMatchObject({
    code: 'STORAGE_UNSAFE_CONFIG',
    facts: { pid: other.pid },
  });
  const ended = new Promise((resolve) => other.once('exit', resolve));
  other.kill('SIGKILL');
  await ended;
  await storage.open([NOTES]);
  expect(await storage.commit([put('a')])).toEqual({ committed: true });
  await storage.close();
});

it('a PGlite of the host’s stays open, and is as lasting as it is', async () => {
  const pglite = await PGlite.create();
  const storage = new PostgresStorage({ pglite });
  expect(storage.capabilities.durability).toBe('volatile');
  await storage.open([NOTES]);
  await storage.commit([put('a', { time: 1 })]);
  await storage.close();
  expect((await pglite.query('SELECT id FROM chancery$notes')).rows).toEqual([{ id: 'a' }]);
  await pglite.close();
});

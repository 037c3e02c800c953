import { randomBytes } from 'node:crypto';
import { afterAll, afterEach } from 'vitest';
import type { Clock } from '../../src/ports/clock.ts';
import type { StorageBackend } from '../../src/ports/storage.ts';
import { useTestStorage } from './test-storage.ts';

/** A database on which the tests of a file run, each storage in a namespace of its own. */
export interface TestDatabase {
  /** Opens an instance on a namespace. */
  open(namespace: string, clock: Clock): StorageBackend;
  /** Lets go of the database when the tests of the file are over; removes what they wrote unless it is to be kept. */
  end(namespaces: readonly string[], options: { readonly keep: boolean }): Promise<void>;
}

/** Runs the tests of this file on a database. What a failed test left behind is kept. */
export function useTestDatabase({ open, end }: TestDatabase): void {
  const run = randomBytes(4).toString('hex');
  const namespaces: string[] = [];
  const opened: StorageBackend[] = [];
  let failed = false;

  useTestStorage((clock) => {
    const namespace = `t${run}_${namespaces.length}`;
    namespaces.push(namespace);
    const another = () => {
      const storage = open(namespace, clock);
      opened.push(storage);
      return storage;
    };
    return { storage: another(), another };
  });

  afterEach(({ task }) => {
    failed ||= task.result?.state === 'fail';
  });

  afterAll(async () => {
    for (const storage of opened) await storage.close();
    if (failed)
      console.warn(`What the tests wrote is kept in the namespaces t${run}_0 to t${run}_${namespaces.length - 1}`);
    await end(namespaces, { keep: failed });
  });
}

// A process that works on a storage until it is killed, for the tests that kill and stop processes.
import { once } from 'node:events';
import type { StorageBackend } from '../../src/ports/storage.ts';
import { BATCHES, BatchWriter } from './batch-writer.ts';
import { doneId, JOBS } from './leased-jobs.ts';
import type { OpenStorage, StorageModule, StorageReport, StorageTask } from './storage-process.ts';

const { module, task } = JSON.parse(process.argv[2] as string) as { module: StorageModule; task: StorageTask };
const { openStorage } = (await import(module.url)) as { openStorage: OpenStorage };
const storage = openStorage(module.options);

// The parent is gone: nobody would end this process.
process.once('disconnect', () => process.exit());
if (task.kind === 'write') await write(storage, new BatchWriter(task.name, task.seed));
else if (task.kind === 'work') await work(storage, task);
else if (task.kind === 'sequence') await (await import('./sequence-events.ts')).sequenceEvents(storage, task, tell);
else await claim(storage, task);
await storage.close();
process.disconnect();

async function write(storage: StorageBackend, writer: BatchWriter): Promise<never> {
  await storage.open([BATCHES]);
  for (let batch = 1; ; batch++) {
    const writes = writer.next();
    await tell({ kind: 'trying', batch });
    const result = await storage.commit(writes);
    if (!result.committed) throw new Error(`nobody else writes what ${writer.name} writes, yet there was a conflict`);
    await tell({ kind: 'acknowledged', batch });
  }
}

async function claim(storage: StorageBackend, { queue, leaseMs }: Extract<StorageTask, { kind: 'claim' }>) {
  await storage.open([JOBS]);
  const [job] = await storage.claim({ collection: JOBS.name, queue, limit: 1, leaseMs });
  if (job === undefined) throw new Error('there is nothing to claim');
  const { collection, id, version } = job;
  const finish = once(process, 'message');
  await tell({ kind: 'claimed', id });
  await finish;
  const { committed } = await storage.commit([
    { kind: 'put', collection, id, version: 'stale', ifVersion: version, data: { by: 'stale' } },
  ]);
  await tell({ kind: 'finished', committed });
}

async function work(storage: StorageBackend, task: Extract<StorageTask, { kind: 'work' }>): Promise<never> {
  const { queue, leaseMs, batch } = task;
  await storage.open([JOBS]);
  while (true) {
    const jobs = await storage.claim({ collection: JOBS.name, queue, limit: batch, leaseMs });
    if (jobs.length > 0) await tell({ kind: 'leased', ids: jobs.map(({ id }) => id) });
    for (const { collection, id, version } of jobs) {
      const result = await storage.commit([
        { kind: 'delete', collection, id, ifVersion: version },
        { kind: 'put', collection, id: doneId(id), version: 'done', ifVersion: null, data: {} },
      ]);
      if (!result.committed && result.conflict.write === 1) await tell({ kind: 'done twice', id });
    }
  }
}

/** Resolves when the report has left this process, so that a kill cannot take it back. */
function tell(report: StorageReport): Promise<void> {
  return new Promise((resolve, reject) => {
    process.send?.(report, (error: Error | null) => (error ? reject(error) : resolve()));
  });
}

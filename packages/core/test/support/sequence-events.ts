import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { EventLog } from '../../src/events/event-log.ts';
import type { StorageBackend } from '../../src/ports/storage.ts';
import type { SequenceTask, StorageReport } from './storage-process.ts';
import { overriding } from './test-storage.ts';

const IDLE_MS = 2;

/** Chains events until the process is killed. Tells of each commit that chains, before it is sent and when it is answered. */
export async function sequenceEvents(
  backend: StorageBackend,
  { waits = false }: SequenceTask,
  tell: (report: StorageReport) => Promise<void>,
): Promise<never> {
  let isToWait = waits;
  const storage = overriding(backend, {
    commit: async (writes) => {
      const head = writes.find(({ collection }) => collection === 'events_heads');
      const chains = writes.some(({ collection }) => collection === 'events');
      if (head?.kind !== 'put' || !chains) return backend.commit(writes);
      const goOn = isToWait ? once(process, 'message') : undefined;
      isToWait = false;
      await tell({ kind: 'chaining' });
      await goOn;
      const result = await backend.commit(writes);
      const { size, chainHash } = head.data as { size: number; chainHash: string };
      await tell({ kind: 'chained', committed: result.committed, size, chainHash });
      return result;
    },
  });
  const [chore] = new EventLog({ storage }).maintenance();
  while (true) {
    await chore?.run({ limit: 1_000 });
    await wait(IDLE_MS);
  }
}

import { Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { ItemStore } from '../../workload/items.ts';

const QUEUE = 'jobs';

/** BullMQ's claim of one job, from a backlog that is larger than the race. */
export async function bullmqJobs(
  redis: Redis,
  backlog: number,
): Promise<Pick<ItemStore, 'claim'> & { readonly name: string; close(): Promise<void> }> {
  const { host, port } = redis.options;
  const connection = { host: host as string, port: port as number, maxRetriesPerRequest: null };
  const queue = new Queue(QUEUE, { connection });
  for (let done = 0; done < backlog; done += 1000) {
    await queue.addBulk(Array.from({ length: 1000 }, (_, at) => ({ name: 'job', data: { number: done + at } })));
  }
  const worker = new Worker(QUEUE, null, { connection, autorun: false, skipStalledCheck: true });
  await worker.waitUntilReady();
  return {
    name: 'BullMQ, getNextJob',
    claim: async () => {
      const job = await worker.getNextJob('bench', { block: false });
      if (job === undefined || job === null) throw new Error("BullMQ's backlog is used up");
      return 1;
    },
    close: async () => {
      await worker.close(true);
      await queue.close();
    },
  };
}

import PgBoss from 'pg-boss';
import type { ItemStore } from '../../workload/items.ts';

const QUEUE = 'jobs';

/** pg-boss's fetch, from a backlog that is larger than the race. */
export async function pgBossJobs(
  connectionString: string,
  backlog: number,
): Promise<Pick<ItemStore, 'claim'> & { readonly name: string; close(): Promise<void> }> {
  const boss = new PgBoss({ connectionString, supervise: false, schedule: false, max: 4 });
  await boss.start();
  await boss.createQueue(QUEUE);
  for (let done = 0; done < backlog; done += 1000) {
    await boss.insert(Array.from({ length: 1000 }, (_, at) => ({ name: QUEUE, data: { number: done + at } })));
  }
  return {
    name: 'pg-boss, fetch',
    claim: async (batchSize) => {
      const jobs = await boss.fetch(QUEUE, { batchSize });
      if (jobs.length === 0) throw new Error("pg-boss's backlog is used up");
      return jobs.length;
    },
    close: () => boss.stop({ graceful: false }),
  };
}

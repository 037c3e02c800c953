import { CertificateManager, LocalKeyring, RenewalScheduler } from '@chancery/core';
import type { Clock, StorageBackend } from '@chancery/core/ports';
import { MemoryStorage } from '@chancery/storage-memory';
import { PostgresStorage } from '@chancery/storage-postgres';
import { VirtualClock } from '../packages/core/src/testing/virtual-clock.ts';
import { PostgresServer } from '../packages/storage-postgres/test/support/postgres-server.ts';
import { atMost, type Goal, type GoalContext, type Verdict } from './harness/goal.ts';
import { readyAuthority } from './workload/ready-authority.ts';
import { plantJobs, tickAt } from './workload/renewal-jobs.ts';

const DAY = 86_400_000;
const CONCURRENCY = 8;

/** Renewal: what a tick costs where most certificates are not due, and renewing beside issuing. */
export const renewalGoal: Goal = async (context) => {
  const server = await PostgresServer.start();
  try {
    const pool = server.pool({ max: CONCURRENCY + 4 });
    let opened = 0;
    const postgres = (clock: Clock) =>
      new PostgresStorage({ pool, namespace: `tick${++opened}`, durability: 'async', clock });
    return {
      title: 'Renewal: the cost of a tick, and of renewing',
      tables: [],
      verdicts: [
        await ticks('memory', (clock) => new MemoryStorage({ clock }), context),
        await ticks('Postgres', postgres, context),
        await renewing(context),
      ],
      notes: [
        'A tick claims the jobs that are due and puts them off, which is what a scheduler adds to the work of an issuer. The same number',
        `is due in the small field and in the large one. Renewing and issuing are of a private authority on memory, ${CONCURRENCY} at a time.`,
      ],
    };
  } finally {
    await server.stop();
  }
};

/** A tick over many certificates beside one over few, turn by turn. */
async function ticks(name: string, open: (clock: Clock) => StorageBackend, { quick }: GoalContext): Promise<Verdict> {
  const [few, many, due, rounds] = quick ? [1_000, 20_000, 100, 3] : [10_000, 1_000_000, 1_000, 7];
  const clock = new VirtualClock();
  const from = clock.now() + DAY;
  const fields = [];
  for (const size of [few, many]) {
    const storage = open(clock);
    const certificates = managerOn(storage, clock, { requestCertificate: () => Promise.reject(new Error('not due')) });
    await certificates.nextDueAt();
    await plantJobs(storage, { size, due, ticks: rounds, from });
    const scheduler = new RenewalScheduler({ certificates, clock, concurrency: CONCURRENCY });
    fields.push({ scheduler, times: [] as number[] });
  }
  for (let round = 0; round < rounds; round++) {
    clock.set(tickAt(from, round));
    for (const { scheduler, times } of round % 2 === 0 ? fields : [...fields].reverse()) {
      const begun = performance.now();
      const { postponed } = await scheduler.runOnce();
      times.push(performance.now() - begun);
      if (postponed !== due) throw new Error(`${postponed} jobs were due, and not ${due}`);
    }
  }
  const [small = 0, large = 0] = fields.map(({ times }) => median(times));
  const words = `× a tick over ${few}, over ${many} of which ${due} are due, on ${name}`;
  return { ...atMost(2, words, large / small), note: `${small.toFixed(1)} and ${large.toFixed(1)} ms` };
}

/** A scheduler renews what a manager has issued. */
async function renewing({ quick }: GoalContext): Promise<Verdict> {
  const count = quick ? 400 : 10_000;
  const clock = new VirtualClock();
  const authority = await readyAuthority({ storage: new MemoryStorage({ clock }), clock });
  const certificates = managerOn(new MemoryStorage({ clock }), clock, authority);
  let next = 0;
  const create = async (): Promise<void> => {
    while (next < count) await certificates.create({ subjectAltNames: [`n${next++}.example`] });
  };
  let begun = performance.now();
  await Promise.all(Array.from({ length: CONCURRENCY }, create));
  const issuing = performance.now() - begun;
  clock.advance(61 * DAY);
  const scheduler = new RenewalScheduler({ certificates, clock, concurrency: CONCURRENCY });
  begun = performance.now();
  const { renewed } = await scheduler.runOnce();
  const renewal = performance.now() - begun;
  if (renewed !== count) throw new Error(`${renewed} of ${count} were renewed`);
  const note = `${Math.round((count * 1_000) / issuing)} issued and ${Math.round((count * 1_000) / renewal)} renewed a second`;
  return { ...atMost(1.5, `× issuing ${count} private certificates, renewing them`, renewal / issuing), note };
}

function managerOn(
  storage: StorageBackend,
  clock: Clock,
  internal: ConstructorParameters<typeof CertificateManager>[0]['issuers'][string],
): CertificateManager {
  return new CertificateManager({ storage, clock, keyring: LocalKeyring.generate(), issuers: { internal } });
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}

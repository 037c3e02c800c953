import { type CertificateAuthority, EventLog, LocalKeyring } from '@chancery/core';
import type { StorageBackend } from '@chancery/core/ports';
import { MemoryStorage } from '@chancery/storage-memory';
import { PostgresStorage } from '@chancery/storage-postgres';
import { PostgresServer } from '../packages/storage-postgres/test/support/postgres-server.ts';
import { inProcess } from './harness/contestant.ts';
import { type Goal, type GoalContext, significant, type Table, timeAtMost, type Verdict } from './harness/goal.ts';
import { race } from './harness/race.ts';
import { type Changes, chainAll, openChanges } from './workload/changes.ts';
import { namesOf } from './workload/csr-pool.ts';
import { createIssuance, turns } from './workload/issuance.ts';
import { readyAuthority } from './workload/ready-authority.ts';

const BARE = 'a change';
const TOLD = 'a change and its event';
const SILENT_ISSUE = 'authority.issue without events';
const TOLD_ISSUE = 'authority.issue with events';
const WRITERS = 8;
const OFFERED = 2_200;
const KEPT = 2_000;
const VERIFIED = 20_000;
const EVENTS_A_COMMIT = 5;

interface Part {
  readonly tables: readonly Table[];
  readonly verdicts: readonly Verdict[];
}

/** The event log: what an event costs its commit, whether the sequencer keeps up, and how fast a log is verified. */
export const eventsGoal: Goal = async (context) => {
  const server = await PostgresServer.start();
  try {
    const pool = server.pool({ max: WRITERS + 4 });
    const postgres = (namespace: string) => new PostgresStorage({ pool, namespace, durability: 'async' });
    let opened = 0;
    const parts: Part[] = [
      await cost('memory', 1.4, () => new MemoryStorage(), context),
      await cost('Postgres', 1.25, () => postgres(`cost${++opened}`), context),
      { tables: [], verdicts: [await keepsUp(postgres('sequencer'), context)] },
      { tables: [], verdicts: [await verifies('memory', new MemoryStorage(), context)] },
      { tables: [], verdicts: [await verifies('Postgres', postgres('verify'), context)] },
    ];
    return {
      title: 'Events: their cost in a commit, the sequencer, and verification',
      tables: parts.flatMap(({ tables }) => tables),
      verdicts: parts.flatMap(({ verdicts }) => verdicts),
      notes: [
        'A change is a bare commit: a document of 300 bytes with two indexes, and the check of another one. On memory that takes',
        'a few microseconds, and an event is a second document: the bound there is judged by what a manager does in all.',
        `The writers share the process and the machine with the sequencer; each commit holds ${EVENTS_A_COMMIT} events.`,
      ],
    };
  } finally {
    await server.stop();
  }
};

/** What an event costs a manager's whole change, and what it costs a bare commit that does nothing else. */
async function cost(name: string, most: number, open: () => StorageBackend, context: GoalContext): Promise<Part> {
  const { requests } = createIssuance(context.folder);
  const next = turns(requests.pems.length);
  const issue = (authority: CertificateAuthority) => async (count: number) => {
    for (let i = 0; i < count; i++) {
      const index = next();
      await authority.issue({
        csr: requests.pems[index] as string,
        subjectAltNames: namesOf(index),
        profile: 'server',
      });
    }
  };
  const silent = open();
  const told = open();
  const issued = await race(
    [
      inProcess(SILENT_ISSUE, issue(await readyAuthority({ storage: silent }))),
      inProcess(TOLD_ISSUE, issue(await readyAuthority({ storage: told, events: new EventLog({ storage: told }) }))),
    ],
    context,
  );
  const changes = await openChanges(open());
  const commit = (withEvent: boolean) => async (count: number) => {
    for (let i = 0; i < count; i++) await changes.commit(withEvent);
  };
  const committed = await race([inProcess(BARE, commit(false)), inProcess(TOLD, commit(true))], context);
  return {
    tables: [
      { title: `${name}: certificates, one caller`, unit: 'rate', base: SILENT_ISSUE, lanes: issued.lanes },
      { title: `${name}: commits, one caller`, unit: 'rate', base: BARE, lanes: committed.lanes },
    ],
    verdicts: [
      timeAtMost(most, `${SILENT_ISSUE}, on ${name}`, issued.ratio(SILENT_ISSUE, TOLD_ISSUE)),
      ...(name === 'memory' ? [] : [timeAtMost(most, `${BARE}, on ${name}`, committed.ratio(BARE, TOLD))]),
    ],
  };
}

/** Offers a little more than the bound at an even pace, and sees when all of it is in the log. */
async function keepsUp(storage: StorageBackend, { quick }: GoalContext): Promise<Verdict> {
  const seconds = quick ? 3 : 15;
  const changes = await openChanges(storage);
  const { events } = changes;
  const start = performance.now();
  const writers = Array.from({ length: WRITERS }, () => write(changes, (OFFERED / WRITERS) * seconds, start, seconds));
  let writing = true;
  const written = Promise.all(writers).then(() => {
    writing = false;
    return performance.now();
  });
  const [task] = events.maintenance();
  while (writing) {
    const { more, nextDueAt } = (await task?.run({ limit: 5_000 })) ?? { more: false, nextDueAt: 0 };
    if (!more) await pause(Math.min(50, nextDueAt - Date.now()));
  }
  const offeredUntil = await written;
  await chainAll(events);
  const end = performance.now();
  const { size } = await events.verify({ from: Number.MAX_SAFE_INTEGER });
  const rate = (size * 1_000) / (end - start);
  return {
    bound: `≥ ${KEPT} events/s chained while ${WRITERS} writers commit, on Postgres`,
    outcome: rate >= KEPT ? 'pass' : 'fail',
    figure: significant(rate),
    note: `offered in ${significant((offeredUntil - start) / 1_000)} s, all in the log ${significant(end - offeredUntil)} ms later`,
  };
}

async function write(changes: Changes, count: number, start: number, seconds: number): Promise<void> {
  for (let done = 0; done < count; done += EVENTS_A_COMMIT) {
    await changes.commitEvents(Math.min(EVENTS_A_COMMIT, count - done));
    await pause(start + (done / count) * seconds * 1_000 - performance.now());
  }
}

async function verifies(name: string, storage: StorageBackend, { quick }: GoalContext): Promise<Verdict> {
  const entries = quick ? 10_000 : 100_000;
  const { events, commitEvents } = await openChanges(storage, { keyring: LocalKeyring.generate() });
  for (let done = 0; done < entries; done += 250) await commitEvents(250);
  const chaining = performance.now();
  await chainAll(events);
  const chained = performance.now();
  const { note } = await events.checkpoint();
  const rates: number[] = [];
  for (let round = 0; round < 3; round++) {
    const start = performance.now();
    const report = await events.verify({ checkpoints: [note] });
    if (!report.valid || report.size !== entries) throw new Error(`not sound: ${JSON.stringify(report.problems)}`);
    rates.push((entries * 1_000) / (performance.now() - start));
  }
  const rate = rates.sort((a, b) => a - b)[1] as number;
  return {
    bound: `≥ ${VERIFIED} entries/s verified of ${entries}, on ${name}`,
    outcome: rate >= VERIFIED ? 'pass' : 'fail',
    figure: significant(rate),
    note: `chained at ${significant((entries * 1_000) / (chained - chaining))} events/s, nobody else at work`,
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}

import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DocumentRef, StorageBackend, StoredDocument } from '../../src/ports/storage.ts';
import { SeededRandom } from '../../src/testing/random.ts';
import { BATCHES, type BatchState, BatchWriter } from './batch-writer.ts';
import { doneId, JOBS } from './leased-jobs.ts';
import { seed, soakSize } from './soak.ts';
import { nextReport, type StorageModule, type StorageReport, startStorageProcess } from './storage-process.ts';

/** A server that processes are killed on. */
export interface SharedServer {
  readonly module: StorageModule;
  /** Opens the storage as the module does. */
  open(): StorageBackend;
  stop(): Promise<void>;
}

const LEASE_MS = 500;
/** Processes that write side by side. */
const SIDE_BY_SIDE = 4;

/** Registers the tests with processes that are killed while they write, or stopped beyond their lease. */
export function stoppedProcesses(start: () => Promise<SharedServer>): void {
  let server: SharedServer;
  let storage: StorageBackend;
  beforeAll(async () => {
    server = await start();
    storage = server.open();
    await storage.open([BATCHES, JOBS]);
  });
  afterAll(async () => {
    await storage?.close();
    await server?.stop();
  });

  // Neither signal is known there.
  describe.skipIf(process.platform === 'win32')('processes that are stopped', () => {
    const kills = soakSize(20, 1_000);
    const first = seed(40_961);
    const timeout = soakSize(300_000, 24 * 3_600_000);

    it(`leave whole commits only, ${kills} killed at random points, seed ${first}`, { timeout }, async () => {
      let acknowledged = 0;
      for (let begun = 0; begun < kills; begun += SIDE_BY_SIDE) {
        const size = Math.min(SIDE_BY_SIDE, kills - begun);
        const runs = Array.from({ length: size }, (_, at) => killOne(server, storage, first + begun + at));
        for (const count of await Promise.all(runs)) acknowledged += count;
      }
      expect(acknowledged).toBeGreaterThanOrEqual(kills);
    });

    it('lose their commit when others took over what they leased', async () => {
      const jobs = ['first', 'second'];
      const queue = `queue-${first}`;
      const refs = jobs.map((id) => ({ collection: JOBS.name, id }));
      await storage.commit(
        refs.map((ref) => ({ ...ref, kind: 'put', version: 'v1', data: { by: 'nobody' }, dueAt: 0, dueQueue: queue })),
      );
      const task = { kind: 'claim', queue, leaseMs: LEASE_MS } as const;
      const workers = jobs.map(() => startStorageProcess(server.module, task));
      const claims = await Promise.all(workers.map(nextReport));
      expect(claims.map((report) => report.kind === 'claimed' && report.id).sort()).toEqual(jobs);
      for (const worker of workers) worker.kill('SIGSTOP');

      const takenOver = new Map<string, StoredDocument>();
      while (takenOver.size < jobs.length) {
        const due = await storage.claim({ collection: JOBS.name, queue, limit: 10, leaseMs: 60_000 });
        for (const job of due) takenOver.set(job.id, job);
      }
      for (const [id, { version: ifVersion }] of takenOver) {
        const ours = {
          kind: 'put',
          collection: JOBS.name,
          id,
          version: 'ours',
          ifVersion,
          data: { by: 'us' },
        } as const;
        expect(await storage.commit([ours])).toEqual({ committed: true });
      }

      const reports = workers.map(nextReport);
      for (const worker of workers) {
        worker.send('finish');
        worker.kill('SIGCONT');
      }
      expect(await Promise.all(reports)).toEqual(jobs.map(() => ({ kind: 'finished', committed: false })));
      expect((await storage.get(refs)).map((job) => job?.data)).toEqual(jobs.map(() => ({ by: 'us' })));
    });

    it('leave their jobs to others: of 4 workers one is killed, and every job is done once', async () => {
      const queue = `work-${first}`;
      const ids = Array.from({ length: 120 }, (_, at) => `job-${at}`);
      await storage.commit(
        ids.map((id) => ({
          kind: 'put',
          collection: JOBS.name,
          id,
          version: 'v1',
          data: { by: 'nobody' },
          dueAt: 0,
          dueQueue: queue,
        })),
      );
      const task = { kind: 'work', queue, leaseMs: LEASE_MS, batch: 5 } as const;
      const reports: StorageReport[] = [];
      const victim = startStorageProcess(server.module, task);
      const ended = once(victim, 'exit');
      // Killed with a batch in its hands, before the others begin.
      await nextReport(victim);
      victim.kill('SIGKILL');
      await ended;
      const workers = [1, 2, 3].map(() => startStorageProcess(server.module, task));
      for (const worker of workers) worker.on('message', (report: StorageReport) => reports.push(report));
      const jobs = ids.map((id) => ({ collection: JOBS.name, id }));
      while ((await storage.get(jobs)).some((job) => job !== undefined)) {
        if (workers.some(({ exitCode }) => exitCode !== null)) throw new Error('a worker ended by itself');
      }
      const exits = workers.map((worker) => once(worker, 'exit'));
      for (const worker of workers) worker.kill('SIGKILL');
      await Promise.all(exits);

      const done = await storage.get(ids.map((id) => ({ collection: JOBS.name, id: doneId(id) })));
      expect(done.filter((job) => job === undefined)).toEqual([]);
      expect(reports.filter(({ kind }) => kind === 'done twice')).toEqual([]);
    });
  });
}

/** Lets one process write, kills it within a commit, and looks at what is there. Returns how many commits it was sure of. */
async function killOne(server: SharedServer, storage: StorageBackend, runSeed: number): Promise<number> {
  const random = new SeededRandom(runSeed);
  const name = `writer-${runSeed}`;
  const child = startStorageProcess(server.module, { kind: 'write', name, seed: runSeed });
  const last = random.integer(1, 30);
  // Closed, rather than ended: then all that it told has arrived.
  const closed = once(child, 'close');
  let acknowledged = 0;
  child.on('message', (report: { kind: string; batch: number }) => {
    if (report.kind === 'acknowledged') acknowledged = report.batch;
    if (report.kind === 'trying' && report.batch === last + 1)
      setTimeout(() => child.kill('SIGKILL'), random.next() * 4);
  });
  const [code, by] = await closed;
  expect({ code, by }).toEqual({ code: null, by: 'SIGKILL' });
  expect(acknowledged).toBeGreaterThanOrEqual(last);

  const writer = new BatchWriter(name, runSeed);
  const head = await shutOut(storage, writer.head);
  expect(head.data.batch === acknowledged || head.data.batch === acknowledged + 1).toBe(true);
  const codes = new Set<string>();
  while (writer.state.get(name)?.batch !== head.data.batch) {
    for (const write of writer.next())
      if (write.kind === 'put' && write.id !== name) codes.add(String(write.data.code));
  }
  await audit(storage, name, writer.state, codes);
  return acknowledged;
}

/** Replaces the head of a writer, so that a commit of its that is still on its way cannot take effect any more. */
async function shutOut(storage: StorageBackend, ref: DocumentRef): Promise<StoredDocument> {
  while (true) {
    const [head] = await storage.get([ref]);
    if (head === undefined) throw new Error(`${ref.id} is gone`);
    const fence = { ...ref, kind: 'put', version: 'shut', ifVersion: head.version, data: head.data } as const;
    if ((await storage.commit([fence])).committed) return head;
  }
}

/** Documents, index, count and unique claims all say the same. */
async function audit(storage: StorageBackend, owner: string, state: BatchState, codes: ReadonlySet<string>) {
  const ids = [...state.keys()];
  const documents = await storage.get(ids.map((id) => ({ collection: BATCHES.name, id })));
  expect(documents.map((document) => document?.data)).toEqual([...state.values()]);

  const present = [...state].flatMap(([id, data]) => (data === undefined || id === owner ? [] : [{ id, data }]));
  const range = { collection: BATCHES.name, index: 'byOwner', equals: { owner } };
  const { documents: indexed } = await storage.query({ ...range, limit: 1000 });
  const ordered = present.toSorted((a, b) => Number(a.data.rank) - Number(b.data.rank) || (a.id < b.id ? -1 : 1));
  expect(indexed.map(({ id, data }) => ({ id, data }))).toEqual(ordered);
  expect(await storage.count({ ...range, upTo: 1000 })).toBe(present.length);

  const held = new Set(present.map(({ data }) => String(data.code)));
  const take = (code: string) =>
    ({ kind: 'put', collection: BATCHES.name, id: `probe ${code}`, version: 'p', data: { code } }) as const;
  for (const code of held) {
    expect(await storage.commit([take(code)])).toMatchObject({ committed: false, conflict: { constraint: 'code' } });
  }
  const free = [...codes].filter((code) => !held.has(code)).slice(-250);
  expect(await storage.commit(free.map(take))).toEqual({ committed: true });
}

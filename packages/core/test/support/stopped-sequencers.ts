import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { toBase64 } from '../../src/encoding/base64.ts';
import { EventLog } from '../../src/events/event-log.ts';
import type { StorageBackend } from '../../src/ports/storage.ts';
import { SeededRandom } from '../../src/testing/random.ts';
import { allEntries, commit, expectSound, factsOf, sequence } from '../events/support.ts';
import { seed, soakSize } from './soak.ts';
import {
  nextReport,
  type OpenStorage,
  type StorageModule,
  type StorageReport,
  startStorageProcess,
} from './storage-process.ts';

/** A server that processes chain events on. */
export interface SequencerServer {
  readonly module: StorageModule;
  /** As the module exports it. */
  readonly open: OpenStorage;
  stop(): Promise<void>;
}

const LEASE_MS = 15_000;
const SUBJECTS = 20;
const WRITERS = 3;
/** So that more is chained than is written meanwhile. */
const WRITE_EVERY_MS = 5;

/** Registers the tests with processes that are killed while they chain events, or stopped beyond their lease. */
export function stoppedSequencers(start: () => Promise<SequencerServer>): void {
  let server: SequencerServer;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server?.stop());

  const first = seed(71_993);
  const timeout = soakSize(300_000, 24 * 3_600_000);

  // Neither signal is known there.
  describe.skipIf(process.platform === 'win32')('processes that chain events', () => {
    const rounds = soakSize(4, 400);
    it(`lose nothing and chain nothing twice, killed and paused at random points in ${rounds} rounds, seed ${first}`, {
      timeout,
    }, async () => {
      const random = new SeededRandom(first);
      const scene = new Scene(server, 'killed');
      const seen = { kills: 0, pauses: 0, refused: 0 };
      const acknowledged = new Map<number, string>();
      for (let round = 0; round < rounds; round++) {
        // The second one's clock says that the lease of the first is over: both are at work at once.
        const children = [scene.startProcess(), scene.startProcess()] as const;
        for (const child of children) {
          child.on('message', (report: StorageReport) => {
            if (report.kind !== 'chained') return;
            if (report.committed) acknowledged.set(report.size, report.chainHash);
            else seen.refused += 1;
          });
        }
        const stopWriting = scene.write();
        const [earlier, later] = children;
        if (random.chance(0.7)) {
          await signalWithinCommit(earlier, 'SIGSTOP', random);
          seen.pauses += 1;
          await chains(later);
          earlier.kill('SIGCONT');
        }
        for (const child of children) {
          const ended = once(child, 'exit');
          await signalWithinCommit(child, 'SIGKILL', random);
          await ended;
          seen.kills += 1;
        }
        await stopWriting();
      }
      const entries = await scene.finish();
      const ids = new Set(entries.map(({ event }) => event.id));
      const lost = [...scene.written].filter((id) => !ids.has(id)).length;
      const twice = entries.length - ids.size;
      console.info(
        `${seen.kills} kills, ${seen.pauses} pauses, ${seen.refused} commits refused, ${scene.written.size} events: ` +
          `lost ${lost}, chained twice ${twice}`,
      );
      expect({ lost, twice, more: entries.length - scene.written.size }).toEqual({ lost: 0, twice: 0, more: 0 });
      expect(seen.kills).toBe(2 * rounds);
      expect(acknowledged.size).toBeGreaterThan(rounds);
      for (const [size, chainHash] of acknowledged) {
        expect(toBase64(entries[size - 1]?.chainHash ?? new Uint8Array())).toBe(chainHash);
      }
      const revisions = new Map<string, number>();
      for (const { event } of entries) {
        expect(event.subjectRevision).toBe((revisions.get(event.subject) ?? 0) + 1);
        revisions.set(event.subject, event.subjectRevision);
      }
    });

    const pauses = soakSize(3, 200);
    it(`lose their commit when another took over, paused beyond the lease ${pauses} times`, { timeout }, async () => {
      const scene = new Scene(server, 'paused');
      let refused = 0;
      for (let pause = 0; pause < pauses; pause++) {
        await scene.writeOne(0);
        const child = scene.startProcess({ waits: true });
        expect(await nextReport(child)).toEqual({ kind: 'chaining' });
        child.kill('SIGSTOP');
        await scene.writeOne(1);
        const taker = scene.log();
        await sequence(taker);
        expect(await allEntries(taker)).toHaveLength(2 * pause + 2);
        const report = nextReport(child);
        child.send('go on');
        child.kill('SIGCONT');
        const told = await report;
        expect(told).toMatchObject({ kind: 'chained', committed: false });
        refused += 1;
        const ended = once(child, 'exit');
        child.kill('SIGKILL');
        await ended;
        expect(await expectSound(taker)).toHaveLength(2 * pause + 2);
      }
      const entries = await scene.finish();
      const ids = new Set(entries.map(({ event }) => event.id));
      console.info(
        `${pauses} pauses beyond the lease, ${refused} commits refused, ${scene.written.size} events: ` +
          `lost ${scene.written.size - ids.size}, chained twice ${entries.length - ids.size}`,
      );
      expect(ids).toEqual(scene.written);
    });
  });
}

/** One log on the server, in a namespace of its own, and all who work on it. */
class Scene {
  readonly #server: SequencerServer;
  readonly #namespace: string;
  readonly #storages: StorageBackend[] = [];
  readonly #writer: EventLog;
  readonly #revisions = new Map<string, number>();
  #takers = 0;
  /** The ids of the events whose commit was acknowledged. */
  readonly written = new Set<string>();

  constructor(server: SequencerServer, namespace: string) {
    this.#server = server;
    this.#namespace = namespace;
    this.#writer = this.log();
    onTestFinished(async () => {
      for (const storage of this.#storages) await storage.close();
    });
  }

  /** A process that chains. By its clock every lease that others took before is over. */
  startProcess(task: { readonly waits?: boolean } = {}): ChildProcess {
    const { url } = this.#server.module;
    return startStorageProcess({ url, options: this.#options() }, { kind: 'sequence', ...task });
  }

  /** An instance in this process, by whose clock every lease that others took before is over. */
  log(): EventLog {
    const storage = this.#server.open(this.#options());
    this.#storages.push(storage);
    return new EventLog({ storage });
  }

  /** Writes the next event of a subject. */
  async writeOne(subject: number): Promise<void> {
    const name = `s${subject}`;
    const revision = (this.#revisions.get(name) ?? 0) + 1;
    this.#revisions.set(name, revision);
    await this.#writer.pending({ limit: 1 });
    const write = this.#writer.write(factsOf(name, revision));
    await commit(this.#writer.storage, [write]);
    this.written.add(write.id);
  }

  /** Writes events, several at a time, each subject by one writer. @returns a function that ends it */
  write(): () => Promise<void> {
    let isWriting = true;
    const writers = Array.from({ length: WRITERS }, async (_, writer) => {
      for (let subject = writer; isWriting; subject = (subject + WRITERS) % (SUBJECTS * WRITERS)) {
        await this.writeOne(subject);
        await wait(WRITE_EVERY_MS);
      }
    });
    return async () => {
      isWriting = false;
      await Promise.all(writers);
    };
  }

  /** Chains what is left. @returns the whole log, which is sound */
  async finish() {
    const last = this.log();
    await sequence(last);
    expect((await last.pending({ limit: 1 })).items).toEqual([]);
    return expectSound(last);
  }

  #options(): Readonly<Record<string, string>> {
    this.#takers += 1;
    const clockAheadMs = String(this.#takers * LEASE_MS);
    return { ...this.#server.module.options, namespace: this.#namespace, clockAheadMs };
  }
}

/** Signals a process while it commits what it chains, or shortly before or after. */
async function signalWithinCommit(child: ChildProcess, signal: NodeJS.Signals, random: SeededRandom): Promise<void> {
  const delay = random.next() * 4;
  await told(child, 'chaining');
  await wait(delay);
  child.kill(signal);
}

/** Resolves once a process has chained something. */
const chains = (child: ChildProcess): Promise<void> => told(child, 'chained');

async function told(child: ChildProcess, kind: StorageReport['kind']): Promise<void> {
  while (true) {
    const report = await nextReport(child);
    if (report.kind === kind && (report.kind !== 'chained' || report.committed)) return;
  }
}

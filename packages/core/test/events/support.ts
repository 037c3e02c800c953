import type { EventFacts } from '../../src/events/cloud-event.ts';
import { EventLog, type EventLogOptions, type LogEntry } from '../../src/index.ts';
import type { LogFields, Logger } from '../../src/ports/logger.ts';
import type { JsonObject, StorageBackend, Write } from '../../src/ports/storage.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { createTestStorage } from '../support/test-storage.ts';

/** One log, and what it takes to look at it from elsewhere. */
export interface TestLog {
  readonly clock: VirtualClock;
  readonly storage: StorageBackend;
  readonly events: EventLog;
  /** Another instance on the same data. */
  another(options?: Partial<EventLogOptions>): EventLog;
}

/** A logger that keeps what it is told of one level. */
export function recordingLogger(level: keyof Logger): { readonly logger: Logger; readonly told: LogFields[] } {
  const told: LogFields[] = [];
  const pass = () => undefined;
  const record = (_: string, fields: LogFields = {}) => {
    told.push(fields);
  };
  return { logger: { debug: pass, info: pass, warn: pass, error: pass, [level]: record }, told };
}

/** Makes an event log on a storage of its own. */
export function createTestLog(options: Partial<EventLogOptions> = {}): TestLog {
  const clock = new VirtualClock();
  const stored = createTestStorage(clock);
  const { storage = stored.storage } = options;
  return {
    clock,
    storage,
    events: new EventLog({ storage, clock, ...options }),
    another: (other = {}) => new EventLog({ clock, ...options, storage: stored.another(), ...other }),
  };
}

/** What a manager would say of a change. */
export function factsOf(subject: string, subjectRevision = 1, data: JsonObject = { name: 'x' }): EventFacts {
  return { type: 'thing.changed', source: '/things', subject, subjectRevision, data };
}

/** Commits events, many to a commit. Those of one instant are chained in any order but for that of their revisions. */
export async function writeEvents(events: EventLog, facts: readonly EventFacts[]): Promise<void> {
  await events.pending({ limit: 1 });
  for (let at = 0; at < facts.length; at += 50) {
    await commit(
      events.storage,
      facts.slice(at, at + 50).map((each) => events.write(each)),
    );
  }
}

/** Commits what must not conflict. */
export async function commit(storage: StorageBackend, writes: readonly Write[]): Promise<void> {
  const result = await storage.commit(writes);
  if (!result.committed) throw new Error(`A conflict: ${JSON.stringify(result.conflict)}`);
}

/** Runs one of a log's chores until it has nothing more to do at this instant. */
export async function runChore(events: EventLog, name: string, limit = 1_000): Promise<void> {
  const task = events.maintenance().find((each) => each.name.endsWith(`:${name}`));
  if (task === undefined) throw new Error(`There is no chore '${name}'`);
  for (let turns = 0; turns < 1_000; turns++) {
    if (!(await task.run({ limit })).more) return;
  }
  throw new Error(`The chore '${name}' has no end`);
}

/** Chains everything that waits and may go. */
export const sequence = (events: EventLog): Promise<void> => runChore(events, 'sequence');

/** The whole log, page by page. */
export async function allEntries(events: EventLog, limit = 1_000): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  let cursor: string | undefined;
  do {
    const page = await events.list({ limit, ...(cursor === undefined ? {} : { cursor }) });
    entries.push(...page.items);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return entries;
}

/** Every event of a log once, in place: what no failure may break. */
export async function expectSound(events: EventLog): Promise<LogEntry[]> {
  const entries = await allEntries(events);
  const report = await events.verify();
  if (!report.valid || report.size !== entries.length) {
    throw new Error(`The log of ${entries.length} entries is not sound: ${JSON.stringify(report)}`);
  }
  const ids = new Set(entries.map(({ event }) => event.id));
  if (ids.size !== entries.length) throw new Error(`${entries.length - ids.size} events were chained twice`);
  return entries;
}

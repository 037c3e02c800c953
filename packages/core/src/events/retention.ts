import type { MaintenanceTask } from '../ports/maintenance.ts';
import type { Entry } from '../store/entry.ts';
import type { Checkpoints } from './checkpoints/checkpoints.ts';
import type { Deliveries } from './delivery/deliveries.ts';
import { checkpoints, type EventRecord, eventRecords, type LogHeadValue } from './event-collections.ts';
import type { LogContext } from './log-context.ts';
import { HeadLease } from './sequencing/log-head.ts';

const BATCH = 200;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** What retention must leave. */
export interface RetentionOptions {
  readonly retentionDays: number;
  readonly deliveries: Deliveries;
  /** Without a keyring there are none. */
  readonly checkpoints: Checkpoints | undefined;
}

/**
 * The chore of removing entries that are older than the retention, from the beginning of the log on.
 *
 * The head keeps the chain hash at the edge, so that the rest still verifies from there. With a keyring nothing goes that is not
 * under a signed checkpoint: whoever would exchange the edge contradicts the next one.
 */
export function retentionTask(context: LogContext, options: RetentionOptions): MaintenanceTask {
  const { clock, store } = context;
  return {
    name: `events:${store.namespace}:retention`,
    async run({ limit, signal }) {
      const lease = await HeadLease.take(context);
      if (lease === undefined) return { more: false, nextDueAt: clock.now() + MINUTE_MS };
      const end = await edge(lease.head, options);
      let done = 0;
      let more = true;
      while (more && done < limit && !signal?.aborted) {
        const old = await oldEntries(context, lease.head.first, end, options.retentionDays);
        const last = old.at(-1)?.value;
        if (last?.sequence === undefined || last.chainHash === undefined) {
          more = false;
          break;
        }
        const head = { ...lease.head, first: last.sequence + 1, firstChainHash: last.chainHash };
        const deletes = old.map(({ id, version }) => store.delete(eventRecords, id, { ifVersion: version }));
        if (!(await lease.move(head, deletes))) return { more: true, nextDueAt: clock.now() + MINUTE_MS };
        done += old.length;
      }
      await removeCheckpoints(context, lease.head.first);
      await lease.release();
      return { more, nextDueAt: clock.now() + (more ? 0 : HOUR_MS) };
    },
  };
}

/** Where pruning ends at the latest: nothing goes that is not signed for, told of, and read by every sink. */
async function edge(head: LogHeadValue, { checkpoints, deliveries }: RetentionOptions): Promise<number> {
  const signed = checkpoints === undefined ? head.size : ((await checkpoints.newest())?.value.size ?? 0);
  return Math.min(head.told, signed, (await deliveries.oldestNeeded()) ?? head.size);
}

/** The oldest entries, as far as each is past its time: a batch of them. */
async function oldEntries(
  { store, clock }: LogContext,
  from: number,
  to: number,
  retentionDays: number,
): Promise<Entry<EventRecord>[]> {
  if (from >= to) return [];
  const { entries } = await store.query(eventRecords, { index: 'bySequence', from, to, limit: BATCH });
  const until = clock.now() - retentionDays * DAY_MS;
  const young = entries.findIndex(({ value }) => (value.loggedAt ?? until) >= until);
  return young < 0 ? entries : entries.slice(0, young);
}

/** Checkpoints of what is gone say nothing any more; the one at the edge does. */
async function removeCheckpoints({ store }: LogContext, first: number): Promise<void> {
  if (first === 0) return;
  const { entries } = await store.query(checkpoints, { index: 'bySize', to: first, limit: BATCH });
  if (entries.length > 0) await store.commit(entries.map(({ id }) => store.delete(checkpoints, id)));
}

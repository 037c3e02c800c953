import { fromBase64, toBase64 } from '../../encoding/base64.ts';
import { storableLength } from '../../ports/storage/text.ts';
import type { PutWrite } from '../../ports/storage.ts';
import type { Entry } from '../../store/entry.ts';
import { hashChain, hashLeaf } from '../chain.ts';
import { type EventRecord, eventRecords, type LogHeadValue } from '../event-collections.ts';
import type { LogContext } from '../log-context.ts';
import { entryText, eventOf, type LogEntry } from '../log-entry.ts';

// A commit takes 4 MiB; an entry adds some 200 bytes to its own, and the head a few.
const BATCH_BYTES = 3 * 1024 * 1024;

/** Events with their places in the log, not yet committed. */
export interface ChainedBatch {
  readonly events: readonly Entry<EventRecord>[];
  readonly entries: readonly LogEntry[];
  /** Each holds only if its event is as it was read. */
  readonly writes: readonly PutWrite[];
  readonly head: LogHeadValue;
}

/**
 * Gives events their places behind the head.
 *
 * @param events - in order; those past the size of a commit are left for the next one
 */
export async function chainBatch(
  { store, crypto, clock }: LogContext,
  head: LogHeadValue,
  events: readonly Entry<EventRecord>[],
): Promise<ChainedBatch> {
  const loggedAt = clock.now();
  const entries: LogEntry[] = [];
  const writes: PutWrite[] = [];
  let chainHash = fromBase64(head.chainHash);
  let bytes = 0;
  for (const { id, version, value } of events) {
    const sequence = head.size + entries.length;
    const { pendingSince: _, ...record } = value;
    const entry = entryText(id, record, sequence, loggedAt);
    bytes += storableLength(entry) ?? BATCH_BYTES;
    if (bytes > BATCH_BYTES && entries.length > 0) break;
    const leafHash = await hashLeaf(crypto, entry);
    chainHash = await hashChain(crypto, chainHash, leafHash);
    const hashes = { leafHash: toBase64(leafHash), chainHash: toBase64(chainHash) };
    writes.push(store.put(eventRecords, id, { ...record, sequence, loggedAt, ...hashes }, { ifVersion: version }));
    entries.push({ sequence, loggedAt: new Date(loggedAt), event: eventOf(id, record), leafHash, chainHash });
  }
  const moved = { ...head, size: head.size + entries.length, chainHash: toBase64(chainHash) };
  return { events: events.slice(0, entries.length), entries, writes, head: moved };
}

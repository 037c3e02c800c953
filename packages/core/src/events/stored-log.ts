import { z } from 'zod';
import { invalidArgument } from '../errors/from-issues.ts';
import { type Abortable, signalOf } from '../ports/abortable.ts';
import { abortSignal } from '../store/abort-signal.ts';
import { throwIfAborted } from '../store/backoff.ts';
import type { Entry } from '../store/entry.ts';
import type { EntryPage } from '../store/store.ts';
import { type EventRecord, eventRecords, logHeads } from './event-collections.ts';
import type { LogContext } from './log-context.ts';
import { entryOf, type LogEntry } from './log-entry.ts';
import type { LogReader, ReadLogOptions } from './log-reader.ts';
import type { OwnerKeys } from './personal/owner-keys.ts';
import { entriesWithPersonal } from './personal/read-entries.ts';
import { HEAD_ID } from './sequencing/log-head.ts';

/** Which entries to list, in the order of the log. What is left out does not restrict. */
export interface ListEventsOptions extends Abortable {
  readonly subject?: string;
  readonly type?: string;
  /** The lowest sequence number. Default 0. */
  readonly from?: number;
  /** 1 to 1,000 a page. */
  readonly limit: number;
  /** Where the last page ended. */
  readonly cursor?: string;
  /** Whether to open the personal parts. Default false: they are left out. */
  readonly includePersonal?: boolean;
}

const listOptions = z.strictObject({
  subject: z.string().optional(),
  type: z.string().optional(),
  from: z.number().int().nonnegative().optional(),
  limit: z.number().int().min(1).max(1_000),
  cursor: z.string().optional(),
  includePersonal: z.boolean().optional(),
  signal: abortSignal,
});
const readOptions = z.object({
  from: z.number().int().nonnegative(),
  limit: z.number().int().min(1).max(1_000),
});

/** The log as storage holds it, for readers. */
export class StoredLog implements LogReader {
  readonly #context: LogContext;
  readonly #ownerKeys: OwnerKeys;

  constructor(context: LogContext, ownerKeys: OwnerKeys) {
    this.#context = context;
    this.#ownerKeys = ownerKeys;
  }

  async size(options: Abortable = {}): Promise<number> {
    throwIfAborted(signalOf(options).signal);
    return (await this.#context.store.get(logHeads, HEAD_ID))?.value.size ?? 0;
  }

  async read(options: ReadLogOptions): Promise<LogEntry[]> {
    const parsed = readOptions.safeParse(options);
    if (!parsed.success) throw invalidArgument('read() options', parsed.error.issues);
    const { from, limit, includePersonal = false, signal } = options;
    const records: Entry<EventRecord>[] = [];
    let cursor: string | undefined;
    do {
      throwIfAborted(signal);
      const query = { index: 'bySequence', from, limit: limit - records.length };
      const page: EntryPage<EventRecord> = await this.#context.store.query(
        eventRecords,
        cursor === undefined ? query : { ...query, cursor },
      );
      records.push(...page.entries);
      cursor = page.cursor;
    } while (cursor !== undefined && records.length < limit);
    return this.#entries(records, includePersonal);
  }

  /**
   * Lists a page of the log.
   *
   * @throws {InvalidInputError} INVALID_ARGUMENT: an option is malformed, such as a limit outside 1 to 1,000
   * @throws {StorageError} STORAGE_INVALID: the cursor of another list
   */
  async list(options: ListEventsOptions): Promise<{ items: LogEntry[]; cursor?: string }> {
    const parsed = listOptions.safeParse(options);
    if (!parsed.success) throw invalidArgument('list() options', parsed.error.issues);
    const { subject, type, from = 0, limit, cursor, includePersonal = false, signal } = options;
    throwIfAborted(signal);
    const page = await this.#context.store.query(eventRecords, {
      ...selection(subject, type),
      from,
      limit,
      ...(cursor === undefined ? {} : { cursor }),
    });
    const items = await this.#entries(page.entries, includePersonal);
    return page.cursor === undefined ? { items } : { items, cursor: page.cursor };
  }

  async #entries(records: readonly Entry<EventRecord>[], includePersonal: boolean): Promise<LogEntry[]> {
    if (includePersonal) return entriesWithPersonal(this.#context, this.#ownerKeys, records);
    return records.map(({ id, value }) => entryOf(id, value));
  }
}

function selection(
  subject: string | undefined,
  type: string | undefined,
): { index: string; equals?: Record<string, string> } {
  if (subject === undefined && type === undefined) return { index: 'bySequence' };
  if (type === undefined) return { index: 'bySubject', equals: { subject: subject as string } };
  if (subject === undefined) return { index: 'byType', equals: { type } };
  return { index: 'bySubjectAndType', equals: { subject, type } };
}
